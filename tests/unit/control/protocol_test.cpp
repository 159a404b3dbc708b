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

TEST(ParseRequest, knows_what_is_to_be_explained) {
  const std::string key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
  const Result<Request> of_key =
      parse_request(R"({"request": "explain", "interface": "wg0", "key": ")" + key + "\"}");
  ASSERT_TRUE(of_key);
  EXPECT_EQ(of_key->command, Command::explain);
  EXPECT_EQ(of_key->key->to_string(), key);
  EXPECT_EQ(of_key->interface, "wg0");
  const Result<Request> of_source =
      parse_request(R"({"request": "explain", "source": "2001:db8::7"})");
  ASSERT_TRUE(of_source);
  EXPECT_EQ(of_source->source, IpAddress::parse("2001:db8::7"));
  EXPECT_THAT(refusal_of(R"({"request": "explain"})"), HasSubstr("a key or a source"));
  EXPECT_THAT(refusal_of(R"({"request": "explain", "source": "192.0.2.7", "key": ")" + key + "\"}"),
              HasSubstr("a key or a source"));
  EXPECT_THAT(refusal_of(R"({"request": "status", "source": "192.0.2.7"})"), HasSubstr("explain"));
  EXPECT_THAT(refusal_of(R"({"request": "explain", "key": "x"})"), HasSubstr("44 characters"));
  EXPECT_THAT(refusal_of(R"({"request": "explain", "source": "192.0.2.0/24"})"),
              HasSubstr("not an IP address"));
  EXPECT_THAT(refusal_of(R"({"request": "explain", "source": "192.0.2.7", "interface": "wg0"})"),
              HasSubstr("with a key"));
}

TEST(ParseRequest, knows_what_is_wanted_of_the_attack_mode) {
  for (const AttackOrder order : {AttackOrder::automatic, AttackOrder::on, AttackOrder::off}) {
    const Result<Request> request = parse_request(R"({"request": "attack-mode", "mode": ")" +
                                                  std::string{to_string(order)} + "\"}");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->command, Command::attack_mode);
    EXPECT_EQ(request->mode, order);
  }
  EXPECT_THAT(refusal_of(R"({"request": "attack-mode"})"), HasSubstr("takes a mode"));
  EXPECT_THAT(refusal_of(R"({"request": "drain", "mode": "on"})"), HasSubstr("takes a mode"));
  EXPECT_THAT(refusal_of(R"({"request": "attack-mode", "mode": "maybe"})"),
              HasSubstr("the mode is none of: auto, on, off"));
}

TEST(Lines, explain_a_key) {
  KeyExplanation explanation{.interface = {}, .key = {}};
  explanation.gates = {{.gate = "drain"}, {.gate = "refused keys"}, {.gate = "this key"}};
  explanation.gates[1].refusal = Refusal::known_refused;
  explanation.gates[1].because = Refusal::unknown_key;
  explanation.gates[1].time_left = 1'500ms;
  explanation.gates[2].budget = BudgetView{.rate = {0.5, 3}, .left = 2, .full_in = 2s};
  explanation.last = LastWord{.event = "refused",
                              .reason = "unknown_key",
                              .source = Endpoint::parse("192.0.2.2:4000"),
                              .at = TimePoint{} + 10s};
  explanation.newest_initiation = Tai64n{0x40, 0, 0, 0, 0x65, 0x53, 0xf1, 0x0a};
  EXPECT_EQ(
      line_of(explanation, "wg0", TimePoint{} + 12s),
      R"({"interface":"wg0","public_key":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",)"
      R"("verdict":"known_refused","dry_run":false,"looked_up_now":false,"waits_for_database":false,)"
      R"("newest_initiation":"2023-11-14T22:13:20Z",)"
      R"("last":{"event":"refused","reason":"unknown_key","source":"192.0.2.2:4000",)"
      R"("seconds_ago":2.0},"last_claimed":null,"peer":null,"gates":[)"
      R"({"gate":"drain","says":"passes"},)"
      R"({"gate":"refused keys","says":"known_refused","because":"unknown_key",)"
      R"("seconds_left":1.5},)"
      R"({"gate":"this key","says":"passes","left":2,"burst":3,"per_second":0.5,)"
      R"("full_in_seconds":2.0}]})"
      "\n");
  explanation.newest_initiation = Tai64n{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  EXPECT_THAT(line_of(explanation, "wg0", {}), HasSubstr("an impossible time"));
}

TEST(Lines, explain_a_source) {
  SourceExplanation explanation;
  explanation.address = *IpAddress::parse("192.0.2.7");
  explanation.unproven.budgets = {{.scope = "all", .budget = {.rate = {1, 1}, .left = 0}}};
  explanation.without_cookie = Refusal::global_budget;
  explanation.greetings.scope = "192.0.2.0/24";
  const std::string line = line_of(explanation);
  EXPECT_THAT(line, HasSubstr(R"("cookie_demanded":true,"without_cookie":"global_budget",)"
                              R"("with_cookie":"passes")"));
  EXPECT_THAT(line, HasSubstr(R"({"of":"unproven","scope":"all","left":0,"burst":1)"));
  explanation.demands_cookies = false;
  EXPECT_THAT(line_of(explanation), HasSubstr(R"("cookie_demanded":false)"));
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
                    .interfaces = {},
                    .is_attack_mode = true,
                    .attack_order = AttackOrder::automatic};
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
            R"("peers":3,"greeted":1,"network_found":false,"dry_run":false}],)"
            R"("gateway":"gw1","same_name":["copy"],"name_refused":false,)"
            R"("database_problem":"too old","attack_mode":true,"attack_mode_order":"auto"})"
            "\n");
}

} // namespace
} // namespace provisiond::control
