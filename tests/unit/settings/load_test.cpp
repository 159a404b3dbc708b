#include "settings/keys.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace provisiond::settings {
namespace {

using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

TEST(Settings, the_minimum_has_every_default) {
  Settings expected;
  expected.interfaces.push_back(Interface{.name = "wg0", .network = "example"});
  expected.database.dsn = "host=/run/postgresql";
  EXPECT_EQ(settings_of(minimal_yaml), expected);
}

TEST(Settings, an_empty_section_has_its_defaults) {
  EXPECT_EQ(settings_of(with("admission:\ngreet: {}\nlog: ~\n")), settings_of(minimal_yaml));
}

TEST(Settings, every_key_is_read) {
  const Settings settings = settings_of(
      "interfaces:\n"
      "  - {name: wg0, network: one, backend: netlink, greeting: resubmit}\n"
      "  - {name: wg1, network: two, backend: userspace, greeting: auto, max-peers: 7,\n"
      "     event-source: probe, cross-check: true, routes: true, route-table: 1000,\n"
      "     dry-run: true}\n"
      "database: {dsn: host=x, sessions: 3, batch-size: 5, queue-length: 6,\n"
      "           connect-timeout: 7s, query-deadline: 1.5s,\n"
      "           reconnect-minimum: 20ms, reconnect-maximum: 2m,\n"
      "           max-stale: 90m, when-stale: remove,\n"
      "           max-missing: 2h, identity-file: /x/y}\n"
      "events: {probe-buffer-kib: 8, probe-refused-keys: 2048, netlink-buffer-kib: 16}\n"
      "admission: {per-address: {rate: 1/s, burst: 2}, per-prefix: 30/m,\n"
      "            total: 7.5/s, shared-prefixes: [10.0.0.0/8, \"2001:db8::/32\"],\n"
      "            translated-prefixes: [\"64:ff9b:1::/48\"],\n"
      "            source-entries: 2048, refused-key-ttl: 0s,\n"
      "            refused-key-entries: 4096, per-key: {burst: 9},\n"
      "            per-claim: 2/s, claims: {rate: 3/s, burst: 4},\n"
      "            key-entries: 8192, lookups: 11/s, cookies: never,\n"
      "            cookie-threshold: 12, known-key-filter: false,\n"
      "            second-chances: 5/s, second-chances-per-prefix: {rate: 6/s, burst: 7}}\n"
      "attack: {refused: 600, share: 70, enter-after: 4s, calm: 50, leave-after: 1m}\n"
      "authenticate: {threads: 2, queue-length: 13, shared-secrets: 14}\n"
      "greet: {deadline: 20s, patience: 3s, per-prefix: 14/s, total: 15/s}\n"
      "watch: {interval: 1h, identity-interval: 500ms}\n"
      "metrics: {enabled: false, listen: \"[::1]:80\"}\n"
      "control: {enabled: false, socket: /s, group: admins}\n"
      "log: {level: error}\n");
  Settings expected;
  expected.interfaces = {
      {"wg0", "one", Backend::netlink, Greeting::resubmit, 100'000},
      {"wg1",
       "two",
       Backend::userspace,
       Greeting::automatic,
       7,
       EventSource::probe,
       true,
       false,
       true,
       {1000}},
  };
  expected.interfaces[1].dry_run = true;
  expected.database = {"host=x",
                       3,
                       5,
                       6,
                       milliseconds{7'000},
                       milliseconds{1'500},
                       milliseconds{20},
                       milliseconds{120'000}};
  expected.database.max_stale = std::chrono::minutes{90};
  expected.database.max_missing = std::chrono::hours{2};
  expected.database.identity_file = "/x/y";
  expected.database.when_stale = StalePolicy::remove;
  expected.events = {8, 2048, 16};
  expected.admission.per_address = {1, 2};
  expected.admission.per_prefix = {0.5, 1};
  expected.admission.total = {7.5, 8};
  expected.admission.shared_prefixes = {*IpPrefix::parse("10.0.0.0/8"),
                                        *IpPrefix::parse("2001:db8::/32")};
  expected.admission.translated_prefixes = {*IpPrefix::parse("64:ff9b:1::/48")};
  expected.admission.source_entries = 2'048;
  expected.admission.refused_key_ttl = milliseconds{0};
  expected.admission.refused_key_entries = 4'096;
  expected.admission.per_key = {0.5, 9};
  expected.admission.per_claim = {2, 2};
  expected.admission.claims = {3, 4};
  expected.admission.key_entries = 8'192;
  expected.admission.lookups = {11, 11};
  expected.admission.cookies = CookieMode::never;
  expected.admission.cookie_threshold = 12;
  expected.admission.known_key_filter = false;
  expected.admission.second_chances = {5, 5};
  expected.admission.second_chances_per_prefix = {6, 7};
  expected.attack = {600, 70, milliseconds{4'000}, 50, milliseconds{60'000}};
  expected.authenticate = {2, 13, 14};
  expected.greet = {milliseconds{20'000}, milliseconds{3'000}, {14, 14}, {15, 15}};
  expected.watch = {milliseconds{3'600'000}, milliseconds{500}};
  expected.metrics = {false, *Endpoint::parse("[::1]:80")};
  expected.control = {false, "/s", "admins"};
  expected.log = {LogLevel::error};
  EXPECT_EQ(settings, expected);
}

std::string read_file(const std::string& path) {
  std::ifstream file{path};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

const char* const example_path = PROVISIOND_SOURCE_DIR "/config/wg-provisiond.yaml";

// The example with its defaults in force: "#key: value" without a space is one.
std::string example_with_defaults() {
  const std::regex commented_out{"(^|\n)( *)#([a-z-]+:)"};
  return std::regex_replace(read_file(example_path), commented_out, "$1$2$3");
}

TEST(Example, is_valid_as_it_stands) {
  const Loaded loaded = load_file(example_path);
  EXPECT_TRUE(std::holds_alternative<Settings>(loaded))
      << texts(std::get<std::vector<Problem>>(loaded)).front();
}

TEST(Example, documents_the_defaults_that_the_code_has) {
  Settings expected;
  expected.interfaces.push_back(Interface{.name = "wg0", .network = "example"});
  expected.database.dsn = "host=/run/postgresql dbname=wg_provision";
  EXPECT_EQ(settings_of(read_file(example_path)), expected);
  EXPECT_EQ(settings_of(example_with_defaults()), expected);
}

TEST(Example, has_every_key_in_force_or_as_an_alternative) {
  const std::string text = example_with_defaults();
  for (const std::string& path : known_paths()) {
    const std::string key = path.substr(path.find('.') + 1);
    EXPECT_THAT(text, testing::ContainsRegex("\n( +(- |# )?|# )" + key + ": ")) << path;
  }
}

TEST(Gateway, has_a_name_of_letters_digits_and_a_few_signs) {
  const std::string rest = "\ninterfaces: [{name: wg0, network: a}]\ndatabase: {dsn: dbname=x}\n";
  EXPECT_EQ(settings_of("gateway: Gw-1.example_2" + rest).gateway, "Gw-1.example_2");
  for (const char* name : {"-gw", "g w", "g#1", "''"}) {
    const Loaded loaded = parse("gateway: " + std::string{name} + rest, "x.yaml");
    EXPECT_TRUE(std::holds_alternative<std::vector<Problem>>(loaded)) << name;
  }
}

TEST(Example, has_no_section_of_which_the_known_paths_do_not_tell) {
  const std::vector<std::string> paths = known_paths();
  std::istringstream text{example_with_defaults()};
  int sections = 0;
  for (std::string line; std::getline(text, line);) {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || !std::islower(static_cast<unsigned char>(line[0]))) continue;
    ++sections;
    EXPECT_THAT(paths, testing::Contains(testing::StartsWith(line.substr(0, colon) + ".")));
  }
  EXPECT_GE(sections, 11);
}

TEST(Attack, is_left_only_when_what_it_was_entered_for_has_ended) {
  EXPECT_THAT(problems_of(with("attack: {refused: 10, calm: 11}\n")),
              ElementsAre(HasSubstr("attack.calm: is more than attack.refused")));
}

class Files : public testing::Test {
 protected:
  Files() {
    std::string pattern = testing::TempDir() + "provisiond-settings-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~Files() override {
    set_credentials_directory("");
    std::filesystem::remove_all(directory_);
  }

  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) {
    std::string path = directory_ + "/" + name;
    std::ofstream{path} << text;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }

  // Empty counts as unset. The test has one thread.
  static void set_credentials_directory(const std::string& directory) {
    ::setenv("CREDENTIALS_DIRECTORY", directory.c_str(), 1); // NOLINT(concurrency-mt-unsafe)
  }

  static std::string with_database(const std::string& keys) {
    return "interfaces: [{name: wg0, network: n}]\ndatabase: {" + keys + "}\n";
  }

  static std::vector<std::string> problems_in(const std::string& path) {
    const Loaded loaded = load_file(path);
    if (const std::vector<Problem>* problems = std::get_if<std::vector<Problem>>(&loaded))
      return texts(*problems);
    return {};
  }

  std::string directory_;
};

TEST_F(Files, a_file_that_cannot_be_read_is_one_problem) {
  const std::string absent = directory_ + "/absent";
  EXPECT_THAT(problems_in(absent),
              ElementsAre(absent + ": cannot be opened: No such file or directory; check the name "
                                   "and who may read it"));
  EXPECT_THAT(problems_in(directory_), ElementsAre(HasSubstr("is not a regular file")));
  EXPECT_THAT(problems_in(write("large", std::string(256 * 1024 + 1, '#'))),
              ElementsAre(HasSubstr("is larger than 262144 bytes")));
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_THAT(problems_in(pipe), ElementsAre(HasSubstr("is not a regular file")));
}

TEST_F(Files, the_connection_string_may_be_in_a_file) {
  const std::string secret = write("dsn", "host=db password=hunter2\n", 0640);
  const Loaded loaded = load_file(write("c.yaml", with_database("dsn-file: " + secret), 0644));
  ASSERT_TRUE(std::holds_alternative<Settings>(loaded));
  EXPECT_EQ(std::get<Settings>(loaded).database.dsn, "host=db password=hunter2");
}

TEST_F(Files, the_connection_string_may_be_a_credential) {
  write("db", "host=db\n");
  set_credentials_directory(directory_);
  EXPECT_EQ(settings_of(with_database("dsn-credential: db")).database.dsn, "host=db");
  EXPECT_THAT(problems_of(with_database("dsn-credential: absent")),
              ElementsAre(HasSubstr("database.dsn-credential: the file cannot be opened: No such "
                                    "file or directory; check")));
  for (const std::string_view name : {"..", ".", "a/b", "\"\""})
    EXPECT_THAT(problems_of(with_database("dsn-credential: " + std::string{name})),
                ElementsAre(HasSubstr("is not the name of a credential; write")))
        << name;
}

TEST_F(Files, a_credential_needs_its_directory) {
  set_credentials_directory("");
  EXPECT_THAT(problems_of(with_database("dsn-credential: db")),
              ElementsAre(HasSubstr("there is no CREDENTIALS_DIRECTORY; start the daemon")));
}

TEST_F(Files, a_password_that_everybody_may_read_is_a_problem) {
  const std::string secret = write("dsn", "postgresql://me:hunter2@db/x\n", 0644);
  EXPECT_THAT(
      problems_of(with_database("dsn-file: " + secret)),
      ElementsAre(HasSubstr("database.dsn-file: the file holds a password and every user may "
                            "read it; run chmod o-rwx on it")));
  const std::string inside = with_database("dsn: \"host=db password=hunter2\"");
  EXPECT_THAT(
      problems_in(write("open.yaml", inside, 0604)),
      ElementsAre(HasSubstr(":2:17: database.dsn: this file holds a password and every user "
                            "may read it; run chmod o-rwx on it")));
  EXPECT_THAT(problems_in(write("closed.yaml", inside, 0640)), IsEmpty());
}

TEST_F(Files, a_password_is_found_in_every_form) {
  for (const char* text :
       {"postgresql://me:hun%2Fter2@db/x", "postgresql://me:hun?ter2@db/x",
        "postgresql://me@db/x?pass%77ord=hunter2", "host=db password = 'hunter2'",
        "host=db sslpassword=hunter2", "host=db  password=hunter2"}) {
    const std::string secret = write("dsn", text, 0644);
    EXPECT_THAT(problems_of(with_database("dsn-file: " + secret)), ElementsAre(HasSubstr("chmod")))
        << text;
  }
  const std::string named = write("dsn", "host=db application_name=password", 0644);
  EXPECT_THAT(problems_of(with_database("dsn-file: " + named)), IsEmpty());
}

TEST_F(Files, what_libpq_does_not_take_is_not_taken) {
  for (const char* text : {"postgresql://me:hun/ter2@db/x", "postgresql://me:first@hunter2@db/x",
                           "hunter2", "host=db password=two hunter2"}) {
    const std::vector<std::string> problems =
        problems_of(with_database("dsn-file: " + write("dsn", text)));
    EXPECT_THAT(problems, ElementsAre(HasSubstr("database.dsn-file: the connection string")));
    EXPECT_THAT(problems, Not(Contains(HasSubstr("ter2"))));
  }
}

TEST_F(Files, without_a_password_everybody_may_read_it) {
  const std::string plain = write("dsn", "postgresql://me@db:5432/x", 0644);
  EXPECT_THAT(problems_in(write("c.yaml", with_database("dsn-file: " + plain), 0644)), IsEmpty());
  EXPECT_THAT(problems_in(write("d.yaml", with_database("dsn: \"host=/run user=me\""), 0644)),
              IsEmpty());
}

TEST_F(Files, a_secret_file_holds_one_line) {
  EXPECT_THAT(problems_of(with_database("dsn-file: " + write("empty", "\n\n"))),
              ElementsAre(HasSubstr("does not hold one line of text")));
  EXPECT_THAT(problems_of(with_database("dsn-file: " + write("two", "host=a\nhost=b\n"))),
              ElementsAre(HasSubstr("does not hold one line of text")));
  EXPECT_THAT(problems_of(with_database("dsn-file: " + write("long", std::string(5'000, 'x')))),
              ElementsAre(HasSubstr("the file is larger than 4096 bytes")));
  EXPECT_THAT(problems_of(with_database("dsn-file: dsn")),
              ElementsAre(HasSubstr("is not an absolute path; begin it with /")));
}

TEST_F(Files, exactly_one_way_to_the_database) {
  const std::string secret = write("dsn", "host=db");
  EXPECT_THAT(problems_of(with_database("dsn: host=x, dsn-file: " + secret)),
              ElementsAre(HasSubstr("database.dsn-file: dsn is set too; keep one of them")));
  EXPECT_THAT(problems_of(with_database("dsn: \"\"")),
              ElementsAre(HasSubstr("database.dsn: is not one line of 1 to 4096 bytes; write")));
}

} // namespace
} // namespace provisiond::settings
