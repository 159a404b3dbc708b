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
    R"("network_found":false}],"gateway":"gw1","same_name":["copy","copy2"],"name_refused":true,)"
    R"("database_problem":"too old"})";

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
                                   "NETWORK FOUND\n"
                                   "wg0        demo     yes      -       3      1        no\n");
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
