#include "cli/daemon_text.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::cli {
namespace {

using testing::HasSubstr;

const std::string a_peer =
    R"({"interface":"wg0","public_key":"k=","state":"live","ours":true,"endpoint":null,)"
    R"("last_handshake":"2023-11-14T22:13:20Z","received_bytes":5,"sent_bytes":6,)"
    R"("installed_seconds_ago":null})";
const std::string status =
    R"({"version":"1","uptime_seconds":90061,"draining":true,)"
    R"("longest_turn_seconds":0.01234,"database_sessions":2,)"
    R"("database_identity":"an id","another_database":true,"peers_without_row":4,"interfaces":)"
    R"([{"name":"wg0","network":"demo","present":true,"source":null,"peers":3,"greeted":1,)"
    R"("network_found":false,"dry_run":true}],"gateway":"gw1","same_name":["copy","copy2"],"name_refused":true,)"
    R"("database_problem":"too old","attack_mode":true,"attack_mode_order":"on"})";

TEST(PeersTable, HasARowPerLine) {
  EXPECT_EQ(peers_table({a_peer}),
            "INTERFACE  PUBLIC KEY  STATE  OURS  ENDPOINT  LAST HANDSHAKE        RECEIVED  SENT\n"
            "wg0        k=          live   yes   -         2023-11-14T22:13:20Z  5         6\n");
}

TEST(PeersTable, OfNobodyIsItsTitles) {
  EXPECT_THAT(peers_table({}), testing::StartsWith("INTERFACE"));
}

TEST(StatusText, NamesWhatThereIs) {
  EXPECT_EQ(status_text({status}), "version            1\n"
                                   "uptime             1d 01:01:01\n"
                                   "draining           yes\n"
                                   "attack mode        yes, ordered on\n"
                                   "longest turn       12.3 ms\n"
                                   "database sessions  2\n"
                                   "database problem   too old\n"
                                   "database           an id, another one than before\n"
                                   "peers without row  4\n"
                                   "gateway            gw1\n"
                                   "also called so     copy, copy2, which had the name first; "
                                   "set gateway: in its settings\n"
                                   "\n"
                                   "INTERFACE  NETWORK  PRESENT  SOURCE  PEERS  GREETED  "
                                   "DRY RUN  NETWORK FOUND\n"
                                   "wg0        demo     yes      -       3      1        yes"
                                   "      no\n");
}

TEST(LiveKeyText, SaysWhatAHandshakeWouldMeet) {
  EXPECT_EQ(
      live_key_text(
          {R"({"interface":"wg0","verdict":"known_refused","newest_initiation":null,"last":)"
           R"({"event":"refused","reason":"unknown_key","source":"192.0.2.2:4","seconds_ago":2.04},)"
           R"("last_claimed":null,"peer":null,"gates":[{"gate":"refused keys",)"
           R"("says":"known_refused","because":"unknown_key","seconds_left":12.3},)"
           R"({"gate":"this key","says":"passes","left":2,"burst":3,"full_in_seconds":2.0}]})"}),
      "wg0: a handshake now is refused as known_refused\n"
      "on the device        no\n"
      "said last            refused as unknown_key, 2.0 s ago, from 192.0.2.2:4\n"
      "\n"
      "GATE          SAYS           BECAUSE      FOR     LEFT    FULL IN\n"
      "refused keys  known_refused  unknown_key  12.3 s  -       -\n"
      "this key      passes         -            -       2 of 3  2.0 s\n");
  EXPECT_THAT(live_key_text({R"({"interface":"wg0","verdict":"already_installed","peer":)"
                             R"({"state":"greeting","ours":true,"on_trial":false,"endpoint":null,)"
                             R"("last_handshake":null,"leaves_as":null,"next":"never_connected",)"
                             R"("next_in_seconds":14.0,"expires_at":null,)"
                             R"("without_row_for_seconds":null}})"}),
              HasSubstr("on the device        greeting, endpoint -, last handshake -, "
                        "never_connected in 14.0 s\n"));
}

TEST(LiveSourceText, SaysWhatAnAddressWouldMeet) {
  const std::string text = live_source_text(
      {R"({"address":"64:ff9b::c000:207","counts_as":"192.0.2.7","shared":false,"load":true,)"
       R"("attack_mode":false,"cookie_demanded":true,"without_cookie":"cookie_required",)"
       R"("with_cookie":"passes","budgets":[{"of":"unproven","scope":"192.0.2.7/32","left":0,)"
       R"("burst":20,"per_second":5.0,"full_in_seconds":4.0}]})"});
  EXPECT_THAT(text, HasSubstr("counts as          192.0.2.7\n"));
  EXPECT_THAT(text, HasSubstr("without a cookie   cookie_required\n"));
  EXPECT_THAT(text, HasSubstr("under load         yes\n"));
  EXPECT_THAT(text, HasSubstr("unproven  192.0.2.7/32  0 of 20  5.0         4.0 s\n"));
}

TEST(LiveText, ShowsWhatIsNotAsExpectedAsNothing) {
  for (const char* const odd : {"{}", "1", "{", R"({"gates":[1],"peer":{},"last":{}})",
                                R"({"budgets":[1,{"left":"x"}]})"}) {
    EXPECT_THAT(live_key_text({odd}), HasSubstr("\n"));
    EXPECT_THAT(live_source_text({odd}), HasSubstr("\n"));
  }
  EXPECT_EQ(live_key_text({R"({"interface":"\u001b[2J"})"}).find('\x1b'), std::string::npos);
}

TEST(DaemonText, ShowsWhatIsNotAsExpectedAsNothing) {
  EXPECT_THAT(peers_table({"{}", "1", "{"}), HasSubstr("\n"));
  EXPECT_THAT(status_text({R"({"interfaces":5,"uptime_seconds":"x"})"}), HasSubstr("0d 00:00:00"));
  EXPECT_THAT(status_text({R"({"longest_turn_seconds":"x"})"}),
              HasSubstr("longest turn       -\n"));
  EXPECT_EQ(status_text({"[]"}), "\n");
}

TEST(DaemonText, IsJsonForPrograms) {
  EXPECT_EQ(array_of_lines({}), "[]\n");
  EXPECT_EQ(array_of_lines({"{\"a\":1}", "{\"a\":2}"}), "[\n  {\"a\":1},\n  {\"a\":2}\n]\n");
  EXPECT_EQ(object_of_line({"{\"b\":1,\"a\":2}"}), "{\n  \"b\": 1,\n  \"a\": 2\n}\n");
}

TEST(StatusText, NoValueCanMoveTheCursor) {
  const std::string text =
      status_text({R"({"draining":"\u001b[2J","database_sessions":"\u000d1","version":"\u0007"})"});
  EXPECT_THAT(text, HasSubstr("\\x1b[2J"));
  EXPECT_EQ(text.find_first_of("\x1b\r\x07"), std::string::npos);
}

TEST(DaemonText, OfALineThatIsNoObjectIsAnEmptyOne) {
  EXPECT_EQ(object_of_line({"{"}), "{}\n");
  EXPECT_EQ(object_of_line({"[]"}), "{}\n");
}

} // namespace
} // namespace provisiond::cli
