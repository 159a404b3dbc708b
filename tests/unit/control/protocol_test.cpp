#include "control/protocol.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace provisiond::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::string refusal_of(std::string_view line) {
  const Result<Request> request = parse_request(line);
  return request ? "" : request.error().message();
}

TEST(ParseRequest, takes_each_command) {
  EXPECT_EQ(parse_request(R"({"request": "status"})")->command, Command::status);
  EXPECT_EQ(parse_request(R"({"request": "peers"})")->command, Command::peers);
  EXPECT_EQ(parse_request(R"({"request": "drain"})")->command, Command::drain);
  EXPECT_EQ(parse_request(" {\"request\":\"resume\"} \r")->command, Command::resume);
}

TEST(ParseRequest, takes_the_filters_of_peers) {
  const Result<Request> request =
      parse_request(R"({"state": "live", "request": "peers", "interface": "wg0"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->interface, "wg0");
  EXPECT_EQ(request->state, "live");
}

TEST(ParseRequest, refuses_what_is_no_object) {
  for (const std::string_view line : {"", "x", "1", "[]", "\"status\"", "{", "null", "{}{}",
                                      "{\"request\": \"status\"} x", "\xff"})
    EXPECT_THAT(refusal_of(line), HasSubstr("is not a JSON object")) << line;
}

TEST(ParseRequest, refuses_what_it_does_not_know) {
  EXPECT_THAT(refusal_of("{}"), HasSubstr("none of: status, peers, drain, resume"));
  EXPECT_THAT(refusal_of(R"({"request": "stop"})"), HasSubstr("none of: status"));
  EXPECT_THAT(refusal_of(R"({"request": 1})"), HasSubstr("\"request\" is not a text"));
  EXPECT_THAT(refusal_of(R"({"request": "peers", "interface": null})"), HasSubstr("not a text"));
  EXPECT_THAT(refusal_of(R"({"request": "peers", "peer": "x"})"), HasSubstr("not known"));
  EXPECT_THAT(refusal_of(R"({"request": "peers", "state": "dead"})"),
              HasSubstr("the state is none of: installing, greeting, live"));
  EXPECT_THAT(refusal_of(R"({"request": "drain", "interface": "wg0"})"), HasSubstr("only peers"));
}

TEST(ParseRequest, knows_which_database_is_accepted) {
  const Result<Request> request =
      parse_request(R"({"request": "accept-database", "identity": "an id"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->command, Command::accept_database);
  EXPECT_EQ(request->identity, "an id");
  EXPECT_FALSE(parse_request(R"({"request": "accept-database"})"));
  EXPECT_FALSE(parse_request(R"({"request": "status", "identity": "an id"})"));
}

TEST(ParseRequest, does_not_follow_deep_nesting) {
  const std::string deep(4000, '[');
  EXPECT_NE(refusal_of("{\"request\": " + deep), "");
  EXPECT_NE(refusal_of("{\"request\": [[[[1]]]]}"), "");
}

TEST(Lines, are_one_line_whatever_is_in_them) {
  const std::string line = error_line("usage", "a\nb\"\xff");
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  EXPECT_THAT(line, HasSubstr("a\\nb\\\""));
  EXPECT_EQ(done_line(), "{\"done\":true}\n");
}

TEST(Lines, tell_of_a_peer_what_is_known) {
  PeerView peer{.interface = {}, .key = {}, .stage = PeerStage::greeting};
  EXPECT_EQ(line_of(peer, "wg0", TimePoint{}),
            R"({"interface":"wg0","public_key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",)"
            R"("state":"greeting","ours":false,"endpoint":null,"last_handshake":null,)"
            R"("received_bytes":0,"sent_bytes":0,"installed_seconds_ago":null})"
            "\n");
  peer.is_ours = true;
  peer.endpoint = Endpoint::parse("[2001:db8::1]:51820");
  peer.last_handshake = WallTime{} + 1'700'000'000'500ms;
  peer.received_bytes = 5'000'000'000;
  peer.installed_at = TimePoint{} + 10s;
  const std::string line = line_of(peer, "wg0", TimePoint{} + 75s);
  EXPECT_THAT(line, HasSubstr(R"("ours":true,"endpoint":"[2001:db8::1]:51820")"));
  EXPECT_THAT(line, HasSubstr(R"("last_handshake":"2023-11-14T22:13:20Z")"));
  EXPECT_THAT(line, HasSubstr(R"("received_bytes":5000000000)"));
  EXPECT_THAT(line, HasSubstr(R"("installed_seconds_ago":65)"));
}

TEST(Lines, tell_how_the_daemon_is) {
  Overview overview{.version = "1",
                    .uptime = 61s,
                    .is_draining = true,
                    .longest_turn = 12'345'678ns,
                    .database = {.sessions = 2,
                                 .gateway = "gw1",
                                 .same_name = {"copy"},
                                 .identity = "an id",
                                 .is_another = true,
                                 .missing_rows = 4,
                                 .problem = "too old"},
                    .interfaces = {}};
  overview.interfaces.push_back({.name = "wg0",
                                 .network = "demo",
                                 .is_network_found = false,
                                 .is_present = true,
                                 .source = "",
                                 .peers = 3,
                                 .greeted = 1});
  EXPECT_EQ(line_of(overview),
            R"({"version":"1","uptime_seconds":61,"draining":true,)"
            R"("longest_turn_seconds":0.012345,"database_sessions":2,)"
            R"("database_identity":"an id","another_database":true,"peers_without_row":4,)"
            R"("interfaces":[{"name":"wg0","network":"demo","present":true,"source":null,)"
            R"("peers":3,"greeted":1,"network_found":false}],)"
            R"("gateway":"gw1","same_name":["copy"],"name_refused":false,)"
            R"("database_problem":"too old"})"
            "\n");
}

} // namespace
} // namespace provisiond::control
