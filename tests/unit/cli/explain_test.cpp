#include "cli/explain.hpp"
#include "cli/json.hpp"
#include "cli/peer_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::cli {
namespace {

using registry::Explanation;
using registry::PeerRow;
using testing::HasSubstr;

PeerRow peer_row() {
  PeerRow peer;
  peer.labels = "{}";
  peer.id = 7;
  peer.network = "office";
  peer.name = "x\x1b[31m\xff";
  peer.not_before = "2030-01-01T00:00:00Z";
  peer.expires_at = "2031-01-01T00:00:00Z";
  return peer;
}

std::string reason_for(const char* verdict) {
  return reason_of({.network = "home", .verdict = verdict, .peer = peer_row(), .revocation = {}});
}

TEST(ReasonOf, HasWordsForEachVerdict) {
  EXPECT_THAT(reason_for("found"), HasSubstr("installs"));
  EXPECT_EQ(reason_for("other_network"), "the key belongs to network office, not home");
  EXPECT_THAT(reason_for("disabled"), HasSubstr("enabled is false"));
  EXPECT_EQ(reason_for("not_yet_valid"), "refused before 2030-01-01T00:00:00Z");
  EXPECT_EQ(reason_for("expired"), "refused since 2031-01-01T00:00:00Z");
  EXPECT_EQ(reason_of({.network = "", .verdict = "unknown", .peer = {}, .revocation = {}}),
            "no peer has this key");
}

TEST(ReasonOf, TellsHowADeviceThatIsNoPeerBecomesOne) {
  const auto reason_without_peer = [](const char* verdict) -> std::string {
    return reason_of({.network = "home", .verdict = verdict, .peer = {}, .revocation = {}});
  };
  EXPECT_EQ(reason_without_peer("expected"), "no peer yet; becomes one when it connects first");
  EXPECT_EQ(reason_without_peer("trial"),
            "no peer; becomes one if it holds the network's enrolment key");
}

TEST(ReasonOf, TellsWhenAndWhyAPeerWasRevoked) {
  Explanation explanation{.network = "", .verdict = "revoked", .peer = {}, .revocation = {}};
  EXPECT_EQ(reason_of(explanation), "the peer was removed, no reason is given");
  explanation.revocation = {.revoked_at = "2030-01-01T00:00:00Z", .reason = "lost"};
  EXPECT_EQ(reason_of(explanation), "the peer was removed at 2030-01-01T00:00:00Z: lost");
}

TEST(ReasonOf, TellsWhatAGatewayRefusedByItself) {
  const Explanation explanation{.network = "office",
                                .verdict = "found",
                                .peer = peer_row(),
                                .revocation = {},
                                .refusal = {{.reason = "source_not_allowed",
                                             .gateway = "gw1",
                                             .address = "192.0.2.2",
                                             .port = 40000,
                                             .at = "2030-01-01T00:00:00Z"}}};
  EXPECT_EQ(reason_of(explanation),
            "the database lets it in, but gateway gw1 refused it as source_not_allowed, last at "
            "2030-01-01T00:00:00Z, from 192.0.2.2 port 40000");
  EXPECT_THAT(json_of(explanation, "why"), HasSubstr("\"reason\": \"source_not_allowed\""));
}

TEST(TitleOf, IsPrintable) {
  EXPECT_EQ(title_of(peer_row()), "peer 7 (x\\x1b[31m\\xff) of network office");
}

TEST(JsonOf, EscapesControlCharactersAndReplacesWhatIsNotUtf8) {
  EXPECT_THAT(json_of(peer_row()), HasSubstr("\"name\": \"x\\u001b[31m\xef\xbf\xbd\""));
}

TEST(JsonOf, IsNullForWhatIsNotKnown) {
  const std::string json =
      json_of({.network = "", .verdict = "unknown", .peer = {}, .revocation = {}}, "why");
  EXPECT_EQ(json, "{\n  \"network\": null,\n  \"verdict\": \"unknown\",\n  \"reason\": \"why\",\n"
                  "  \"peer\": null,\n  \"revocation\": null,\n  \"session\": null,\n"
                  "  \"refusal\": null\n}\n");
}

TEST(PlaceOf, NamesTheGatewayAndTheInterface) {
  EXPECT_EQ(place_of({.gateway = "gw1", .interface = "wg0", .since = "2030-01-01T00:00:00Z"}),
            "its latest session is on gateway gw1, interface wg0, since 2030-01-01T00:00:00Z");
}

} // namespace
} // namespace provisiond::cli
