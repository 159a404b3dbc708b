#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace provisiond::settings {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// The one problem of the minimum plus `more`.
std::string problem_of(std::string_view more) {
  const std::vector<std::string> problems = problems_of(with(more));
  EXPECT_EQ(problems.size(), 1) << more;
  return problems.empty() ? "" : problems.front();
}

TEST(Problem, is_written_as_place_key_and_remedy) {
  EXPECT_EQ((Problem{"f", 3, 5, "a.b", "is bad; mend it"}.to_string()),
            "f:3:5: a.b: is bad; mend it");
  EXPECT_EQ((Problem{"f", 3, 5, "", "is bad; mend it"}.to_string()), "f:3:5: is bad; mend it");
  EXPECT_EQ((Problem{"f", 0, 0, "", "is bad; mend it"}.to_string()), "f: is bad; mend it");
}

TEST(Problem, unknown_key_with_suggestion) {
  EXPECT_EQ(problem_of("  sesions: 3\n"),
            "f.yaml:6:3: database.sesions: unknown key; did you mean \"sessions\"?");
  EXPECT_EQ(problem_of("  batch_size: 3\n"),
            "f.yaml:6:3: database.batch_size: unknown key; did you mean \"batch-size\"?");
  EXPECT_EQ(problem_of("metric: {}\n"),
            "f.yaml:6:1: metric: unknown key; did you mean \"metrics\"?");
}

TEST(Problem, unknown_key_at_the_wrong_place) {
  EXPECT_EQ(problem_of("  cookie-threshold: 3\n"),
            "f.yaml:6:3: database.cookie-threshold: unknown key; did you mean "
            "admission.cookie-threshold?");
}

TEST(Problem, unknown_key_that_resembles_nothing) {
  EXPECT_EQ(problem_of("log: {colour: red}\n"),
            "f.yaml:6:7: log.colour: unknown key; known here: level");
}

TEST(Problem, duplicate_key) {
  EXPECT_EQ(problem_of("  sessions: 3\n  sessions: 4\n"),
            "f.yaml:7:3: database.sessions: is set twice, first in line 6; remove one");
}

TEST(Problem, wrong_type) {
  EXPECT_EQ(problem_of("  sessions: [3]\n"),
            "f.yaml:6:13: database.sessions: is a list; write one value, such as 1");
  EXPECT_EQ(problem_of("  sessions: {a: 3}\n"),
            "f.yaml:6:13: database.sessions: has keys of its own; write one value, such as 1");
  EXPECT_EQ(problem_of("  sessions:\n"), "f.yaml:6:3: database.sessions: has no value; write one, "
                                         "such as 1, or leave the key out");
  EXPECT_EQ(problem_of("log: info\n"),
            "f.yaml:6:6: log: needs keys of its own; write them indented below it, one "
            "\"key: value\" a line");
  EXPECT_EQ(problem_of("metrics: {enabled: yes}\n"),
            "f.yaml:6:20: metrics.enabled: \"yes\" is neither true nor false; write one of them");
  EXPECT_EQ(problem_of("admission: {shared-prefixes: 10.0.0.0/8}\n"),
            "f.yaml:6:30: admission.shared-prefixes: is not a list; write prefixes in brackets, "
            "such as [192.0.2.0/24], or []");
}

TEST(Problem, bad_number) {
  EXPECT_EQ(
      problem_of("  sessions: two\n"),
      "f.yaml:6:13: database.sessions: \"two\" is not a whole number in range; choose a whole "
      "number from 1 to 64");
  for (const std::string_view number : {"0", "-1", "65", "4294967297"})
    EXPECT_THAT(problem_of("  sessions: " + std::string{number} + "\n"),
                HasSubstr("is out of range; choose a whole number from 1 to 64"));
  EXPECT_THAT(problem_of("  sessions: 99999999999999999999\n"),
              HasSubstr("is not a whole number in range"));
}

TEST(Problem, bad_duration) {
  EXPECT_EQ(problem_of("greet: {deadline: 15}\n"),
            "f.yaml:6:19: greet.deadline: \"15\" has no unit; add ms, s, m or h, as in 15s");
  EXPECT_EQ(problem_of("greet: {deadline: 1d}\n"),
            "f.yaml:6:19: greet.deadline: \"1d\" has an unknown unit; use one of ms, s, m and h");
  EXPECT_EQ(problem_of("greet: {deadline: 6m}\n"),
            "f.yaml:6:19: greet.deadline: \"6m\" is out of range; choose from 1s to 5m");
}

TEST(Problem, bad_rate) {
  EXPECT_EQ(problem_of("admission: {total: 5}\n"),
            "f.yaml:6:20: admission.total: \"5\" has no unit; add /s, /m or /h, as in 500/s");
  EXPECT_EQ(problem_of("admission: {total: {rate: 5/d}}\n"),
            "f.yaml:6:27: admission.total.rate: \"5/d\" has an unknown unit; use one of /s, /m and "
            "/h");
  EXPECT_EQ(problem_of("admission: {total: 0/s}\n"),
            "f.yaml:6:20: admission.total: \"0/s\" is out of range; choose from 1/h to 1000000/s");
  EXPECT_EQ(problem_of("admission: {total: 1000001/s}\n"),
            "f.yaml:6:20: admission.total: \"1000001/s\" is out of range; choose from 1/h to "
            "1000000/s");
  EXPECT_EQ(problem_of("admission: {total: {rate: 5/s, burst: 0}}\n"),
            "f.yaml:6:39: admission.total.burst: \"0\" is out of range; choose a whole number from "
            "1 to 1000000");
  EXPECT_EQ(problem_of("admission: {total: {rate: 5/s, brust: 9}}\n"),
            "f.yaml:6:32: admission.total.brust: unknown key; did you mean \"burst\"?");
}

TEST(Problem, bad_choice) {
  EXPECT_EQ(problem_of("log: {level: loud}\n"),
            "f.yaml:6:14: log.level: \"loud\" is not known here; use one of: debug, info, warning, "
            "error");
}

TEST(Problem, bad_endpoint) {
  for (const std::string_view listen :
       {"127.0.0.1", "9587", "127.0.0.1:65536", "127.0.0.1:-1", "localhost:9587", "::1:9587"})
    EXPECT_THAT(problem_of("metrics: {listen: \"" + std::string{listen} + "\"}\n"),
                HasSubstr("is not an address and a port from 1 to 65535; write"))
        << listen;
  EXPECT_EQ(problem_of("metrics: {listen: 127.0.0.1:0}\n"),
            "f.yaml:6:19: metrics.listen: \"127.0.0.1:0\" has port 0; choose a port from 1 to "
            "65535");
}

TEST(Problem, bad_route_table) {
  const auto problems_with = [](const std::string& table) {
    return problems_of("interfaces: [{name: wg0, network: n, route-table: " + table +
                       "}]\ndatabase: {dsn: host=x}\n");
  };
  for (const char* table : {"main", "1", "254", "4294967295"})
    EXPECT_THAT(problems_with(table), IsEmpty()) << table;
  for (const char* table : {"0", "4294967296", "-1", "wireguard"})
    EXPECT_THAT(problems_with(table),
                ElementsAre(HasSubstr("is no routing table; write main or a number from 1 to "
                                      "4294967295")))
        << table;
  EXPECT_THAT(problems_with("255"), ElementsAre(HasSubstr("is the table of the kernel's own")));
}

TEST(Problem, bad_prefix) {
  EXPECT_THAT(
      problems_of(with("admission: {shared-prefixes: [10.0.0.0/8, 10.0.0.1/8, x, [], ~]}\n")),
      ElementsAre(HasSubstr("admission.shared-prefixes[1]: \"10.0.0.1/8\" is not a prefix"),
                  HasSubstr("admission.shared-prefixes[2]: \"x\" is not a prefix"),
                  HasSubstr("admission.shared-prefixes[3]: is a list"),
                  HasSubstr("admission.shared-prefixes[4]: has no value")));
}

TEST(Problem, translated_prefix_without_room_for_an_address) {
  EXPECT_THAT(
      problems_of(with("admission: {translated-prefixes: [\"64:ff9b::/96\", 10.0.0.0/8]}\n")),
      ElementsAre(HasSubstr("admission.translated-prefixes: has 10.0.0.0/8, in which no")));
  EXPECT_THAT(problems_of(with("admission: {translated-prefixes: [\"64:ff9b::/80\"]}\n")),
              ElementsAre(HasSubstr("32, 40, 48, 56, 64 or 96 bits")));
}

TEST(Problem, too_many_prefixes) {
  std::string list;
  for (int i = 0; i < 1'025; ++i)
    list += "10.0.0.0/8, ";
  EXPECT_THAT(problem_of("admission:\n  shared-prefixes: [" + list + "]\n"),
              HasSubstr("has 1025 entries; 1024 is the most"));
}

TEST(Problem, missing_sections) {
  EXPECT_THAT(problems_of(""), ElementsAre(HasSubstr("f.yaml:1:1: interfaces: is missing; add"),
                                           HasSubstr("f.yaml:1:1: database: is missing; add")));
  EXPECT_EQ(problems_of("# nothing but a comment\n").size(), 2);
  EXPECT_EQ(problems_of("---\n...\n").size(), 2);
}

TEST(Problem, missing_keys) {
  EXPECT_THAT(problems_of("interfaces:\n  - backend: auto\ndatabase:\n  sessions: 3\n"),
              ElementsAre(HasSubstr("f.yaml:2:5: interfaces[0].name: is missing; add"),
                          HasSubstr("f.yaml:2:5: interfaces[0].network: is missing; add"),
                          HasSubstr("f.yaml:4:3: database.dsn: is missing; add")));
}

TEST(Problem, interfaces_is_no_list_of_the_right_length) {
  const std::string database = "database: {dsn: host=x}\n";
  for (const std::string_view interfaces :
       {"interfaces:\n", "interfaces: []\n", "interfaces: wg0\n",
        "interfaces: {name: wg0, network: n}\n"})
    EXPECT_THAT(problems_of(std::string{interfaces} + database),
                ElementsAre(HasSubstr("interfaces: needs a list of 1 to 256 interfaces; begin")))
        << interfaces;
  std::string many = "interfaces:\n";
  for (int i = 0; i < 257; ++i)
    many += "  - {name: wg" + std::to_string(i) + ", network: n}\n";
  EXPECT_THAT(problems_of(many + database), ElementsAre(HasSubstr("needs a list of 1 to 256")));
}

TEST(Problem, the_same_interface_twice) {
  EXPECT_THAT(problems_of("interfaces:\n"
                          "  - {name: wg0, network: one}\n"
                          "  - {name: wg1, network: one}\n"
                          "  - {name: wg0, network: two}\n"
                          "database: {dsn: host=x}\n"),
              ElementsAre("f.yaml:4:12: interfaces[2].name: is the same interface as in line 2; "
                          "remove one"));
}

TEST(Problem, bad_names) {
  const auto problems_with = [](const std::string& name, const std::string& network) {
    std::string yaml = "interfaces: [{name: \"";
    yaml += name;
    yaml += "\", network: \"";
    yaml += network;
    yaml += "\"}]\ndatabase: {dsn: host=x}\n";
    return problems_of(yaml);
  };
  EXPECT_THAT(problems_with("wg0", "a"), IsEmpty());
  EXPECT_THAT(problems_with("wg-0_a.b@c", "a0_b.c-d"), IsEmpty());
  for (const char* const name : {"wg 0", "a/b", "a:b", "..", "wg%d", "w\xc3\xa4", ""})
    EXPECT_EQ(problems_with(name, "a").size(), 1) << name;
  EXPECT_THAT(problems_with("abcdefghijklmnop", "a"),
              ElementsAre(HasSubstr("is 16 bytes long; use 1 to 15")));
  for (const char* const network : {"A", "a b", "-a", "a-", "_", "", "\xc3\xa4"})
    EXPECT_EQ(problems_with("wg0", network).size(), 1) << network;
  EXPECT_EQ(problems_with("wg0", std::string(63, 'a')).size(), 0);
  EXPECT_EQ(problems_with("wg0", std::string(64, 'a')).size(), 1);
}

TEST(Problem, keys_that_do_not_fit_each_other) {
  EXPECT_EQ(problem_of("  reconnect-minimum: 2s\n  reconnect-maximum: 1s\n"),
            "f.yaml:6:22: database.reconnect-minimum: is more than database.reconnect-maximum; "
            "swap them");
  EXPECT_THAT(problem_of("  max-stale: 9s\n"),
              HasSubstr("database.max-stale: is less than twice database.poll-interval"));
  EXPECT_THAT(problem_of("  when-stale: remove\n"),
              HasSubstr("database.when-stale: has no database.max-stale to wait for"));
  EXPECT_THAT(problems_of(with("  max-stale: 10s\n  when-stale: remove\n")), testing::IsEmpty());
  EXPECT_THAT(problem_of("greet: {patience: 15s}\n"),
              HasSubstr("greet.patience: is not less than greet.deadline;"));
  EXPECT_THAT(problem_of("admission: {cookie-threshold: 4096}\n"),
              HasSubstr("f.yaml:6:31: admission.cookie-threshold: is not less than "
                        "authenticate.queue-length"));
  EXPECT_THAT(problem_of("authenticate: {queue-length: 512}\n"),
              HasSubstr("admission.cookie-threshold: is not less than authenticate.queue-length"));
  EXPECT_THAT(problems_of(with("admission: {cookies: never}\nauthenticate: {queue-length: 512}\n")),
              IsEmpty());
}

TEST(Problem, all_at_once_in_the_order_of_the_file) {
  EXPECT_THAT(problems_of("log: {level: loud}\n"
                          "interfaces:\n"
                          "  - name: wg0\n"
                          "    max-peers: many\n"
                          "    network: n\n"
                          "database:\n"
                          "  dsn: host=x\n"
                          "  sesions: 2\n"
                          "greet: {deadline: 5}\n"),
              ElementsAre(HasSubstr("f.yaml:1:14: log.level:"),
                          HasSubstr("f.yaml:4:16: interfaces[0].max-peers:"),
                          HasSubstr("f.yaml:8:3: database.sesions:"),
                          HasSubstr("f.yaml:9:19: greet.deadline:")));
}

TEST(Problem, never_shows_a_connection_string) {
  const std::regex place{"SECRET"};
  for (const char* const more :
       {"dsn: [SECRET]",
        "dsn: {SECRET: 1}",
        "dsn: SECRET\n  dsn: SECRET",
        "dsn: [SECRET",
        "dsn: \"SECRET\\n\"",
        "dsn: *hunter2",
        "dsn: !hunter2 x",
        "dsn: \"\\hunter2\"",
        "dns: SECRET",
        "SECRET: 3",
        "{SECRET}: 3",
        "? SECRET\n  : 3",
        "SECRET",
        "sessions: SECRET",
        "connect-timeout: SECRET",
        "dsn-file: SECRET",
        "dsn-file: /SECRET",
        "dsn-credential: a/SECRET",
        "dsn: host=x\nmetrics: {listen: SECRET, enabled: SECRET}",
        "dsn: host=x\nlog: {level: postgresql://me:hunter2@db/x}",
        "dsn: host=x\nadmission: {shared-prefixes: [SECRET], total: SECRET}"}) {
    const std::string yaml = "interfaces: [{name: wg0, network: n}]\ndatabase:\n  ";
    const std::vector<std::string> problems =
        problems_of(yaml + std::regex_replace(more, place, "host=db password=hunter2"));
    EXPECT_THAT(problems, Not(IsEmpty())) << more;
    for (const std::string& problem : problems)
      EXPECT_THAT(problem, Not(HasSubstr("hunter2"))) << more;
  }
}

} // namespace
} // namespace provisiond::settings
