#include "postgres/connection_string.hpp"
#include "postgres/hosts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>

namespace provisiond::postgres {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr Defaults defaults{.connect_timeout = milliseconds{2'500},
                            .tcp_user_timeout = milliseconds{1'500}};

bool holds_password(const char* text) {
  const Result<ConnectionString> string = ConnectionString::parse(text);
  EXPECT_TRUE(string) << text;
  return string && string->holds_password();
}

bool leaves_choice(const char* text) {
  const Result<ConnectionString> string = ConnectionString::parse(text);
  EXPECT_TRUE(string) << text;
  return string && string->leaves_choice();
}

// In key words, with what we add.
std::string complete(const std::string& text, const Defaults& ours = defaults) {
  const Result<ConnectionString> string = ConnectionString::parse(text);
  EXPECT_TRUE(string) << text;
  if (!string) return {};
  const Result<SecretString> whole = string->complete(ours);
  EXPECT_TRUE(whole) << text;
  return whole ? std::string{whole->view()} : std::string{};
}

std::optional<std::string> weakness(const char* text) {
  return ConnectionString::parse(text)->weakness();
}

TEST(Complete, AddsWhatTheStringLeavesOpen) {
  const std::string dsn = complete("host=/a,/b connect_timeout=7");
  for (const char* words : {"host='/a,/b'", "connect_timeout='7'", "tcp_user_timeout='1500'",
                            "keepalives='1'", "fallback_application_name='wg-provisiond'"})
    EXPECT_THAT(dsn, HasSubstr(words));
  EXPECT_THAT(complete("host=/a"), HasSubstr("connect_timeout='3'"));
  EXPECT_THAT(complete(""), Not(HasSubstr("host=")));
}

TEST(Complete, AUriBecomesKeyWords) {
  const std::string dsn =
      complete("postgresql://u@%2Frun%2Fpg:1/na%20me?application_name=it%27s&connect_timeout=9");
  for (const char* words : {"user='u'", "host='/run/pg'", "port='1'", "dbname='na me'",
                            "application_name='it\\'s'", "connect_timeout='9'"})
    EXPECT_THAT(dsn, HasSubstr(words));
}

// What libpq reads from our key words is what it read from the original.
TEST(Complete, EverySpecialCharacterSurvives) {
  const std::string odd = R"(a'b\c d"e=f#g&h%i?j:k/l)";
  const std::string dsn = complete(R"(host=/a password='a\'b\\c d"e=f#g&h%i?j:k/l')");
  PQconninfoOption* const options = PQconninfoParse(dsn.c_str(), nullptr);
  ASSERT_NE(options, nullptr);
  std::string read;
  for (const PQconninfoOption* one = options; one->keyword != nullptr; ++one)
    if (std::string_view{one->keyword} == "password" && one->val != nullptr) read = one->val;
  PQconninfoFree(options);
  EXPECT_EQ(read, odd);
  EXPECT_THAT(complete("postgresql://u:qu?stion#%40%2f@/x"), HasSubstr("password='qu?stion#@/'"));
}

TEST(Complete, TheWritableTargetIsThePrimary) {
  const Defaults wanting{.connect_timeout = milliseconds{1'000},
                         .tcp_user_timeout = milliseconds{1'000},
                         .target = Target::writable};
  EXPECT_THAT(complete("host=/a,/b", wanting),
              HasSubstr(PQlibVersion() >= 140'000 ? "target_session_attrs='primary'"
                                                  : "target_session_attrs='read-write'"));
  EXPECT_THAT(complete("host=/a,/b"), Not(HasSubstr("target_session_attrs")));
}

TEST(Tls, BeyondThisMachineTheServerIsProven) {
  for (const char* away :
       {"host=192.0.2.1", "host=db.example", "host=/run,db.example", "hostaddr=192.0.2.1 host=x",
        "postgresql://db.example/x", "host=localhost hostaddr=192.0.2.1",
        "postgresql:///x?host=2001%3Adb8%3A%3A1"}) {
    EXPECT_THAT(complete(away), HasSubstr("sslmode='verify-full'")) << away;
    EXPECT_FALSE(weakness(away)) << away;
  }
  for (const char* here : {"", "host=/run/postgresql", "host=@abstract", "host=localhost",
                           "host=127.0.0.7", "host=::1", "hostaddr=127.0.0.1 host=db.example",
                           "postgresql://[::1]:5433/x", "host=::ffff:127.0.0.1"}) {
    EXPECT_THAT(complete(here), Not(HasSubstr("sslmode"))) << here;
    EXPECT_FALSE(weakness(here)) << here;
  }
}

TEST(Tls, LessOnlyWhereItIsWrittenAndWithARemark) {
  for (const char* mode : {"disable", "allow", "prefer", "require", "verify-ca"}) {
    const std::string key_words = std::string{"host=db.example sslmode="} + mode;
    const std::string uri = std::string{"postgresql://db.example/x?sslmode="} + mode;
    for (const std::string& text : {key_words, uri}) {
      EXPECT_THAT(complete(text), HasSubstr("sslmode='" + std::string{mode} + "'"));
      const std::optional<std::string> remark = weakness(text.c_str());
      ASSERT_TRUE(remark) << text;
      EXPECT_THAT(*remark, HasSubstr("sslmode=" + std::string{mode}));
    }
  }
  EXPECT_FALSE(weakness("host=db.example sslmode=verify-full"));
}

TEST(Tls, ClearTextIsRefusedWhereLibpqKnowsHow) {
  constexpr int knows = 160'000;
  if (PQlibVersion() < knows) {
    EXPECT_THAT(complete("host=db.example"), Not(HasSubstr("require_auth")));
    EXPECT_THAT(complete("host=db.example"), Not(HasSubstr("sslrootcert")));
    return;
  }
  EXPECT_THAT(complete("host=db.example"), HasSubstr("require_auth='!password'"));
  EXPECT_THAT(complete("host=db.example"), HasSubstr("sslrootcert='system'"));
  EXPECT_THAT(complete("host=db.example require_auth=password"),
              HasSubstr("require_auth='password'"));
  EXPECT_THAT(complete("host=db.example sslrootcert=/ca"), HasSubstr("sslrootcert='/ca'"));
}

class Service : public testing::Test {
 protected:
  void SetUp() override {
    file_ = testing::TempDir() + "pg_service.XXXXXX";
    ASSERT_NE(::mkstemp(file_.data()), -1);
    std::ofstream{file_} << "[near]\nhost=/run/pg\n[far]\nhost=a.example,b.example\n"
                            "[chosen]\nhost=a.example,b.example\nsslmode=require\n"
                            "target_session_attrs=standby\n";
    ::setenv("PGSERVICEFILE", file_.c_str(), 1); // NOLINT(concurrency-mt-unsafe): one thread
  }
  void TearDown() override {
    ::unsetenv("PGSERVICEFILE"); // NOLINT(concurrency-mt-unsafe): one thread
    std::remove(file_.c_str());
  }
  std::string file_;
};

TEST_F(Service, WhatItSaysCounts) {
  EXPECT_THAT(complete("service=near"), Not(HasSubstr("sslmode")));
  EXPECT_THAT(complete("service=far"), HasSubstr("sslmode='verify-full'"));
  EXPECT_TRUE(leaves_choice("service=far"));
  EXPECT_THAT(complete("service=chosen"), Not(HasSubstr("sslmode")));
  EXPECT_TRUE(weakness("service=chosen"));
  EXPECT_FALSE(leaves_choice("service=chosen"));
  EXPECT_THAT(complete("postgresql://u@/x?service=far"), HasSubstr("sslmode='verify-full'"));
}

TEST_F(Service, OneThatIsNotThereIsNamedAsTheCause) {
  const Result<SecretString> whole = ConnectionString::parse("service=none")->complete(defaults);
  ASSERT_FALSE(whole);
  EXPECT_EQ(whole.error().code(), EINVAL);
  EXPECT_THAT(whole.error().message(), HasSubstr("names a service"));
}

TEST(Complete, AValueThatLibpqRefusesIsNotShown) {
  for (const char* text :
       {"host=a sslmode=hunter2", "host=a,b port=1,2,hunter2", "host=a hostaddr=1.2.3.4,hunter2"}) {
    const Result<SecretString> whole = ConnectionString::parse(text)->complete(defaults);
    ASSERT_FALSE(whole) << text;
    EXPECT_EQ(whole.error().code(), EINVAL);
    EXPECT_THAT(whole.error().message(), Not(HasSubstr("hunter2")));
  }
}

TEST(HoldsPassword, FindsItInEveryForm) {
  for (const char* text :
       {"host=a password=x", "password = 'x y' host=a", "sslpassword=x",
        "postgresql://u:secret@a/n", "postgresql://u@a/n?password=x", "postgresql://u:qu?stion@a/n",
        "postgresql://u:p%2Fs@a/n", "postgresql://u:pa%2fss@a/n",
        "postgresql://u@a/n?sslmode=require&password=x", "postgresql://u@a/n?pass%77ord=x",
        "postgresql://:secret@/n"})
    EXPECT_TRUE(holds_password(text)) << text;
}

TEST(HoldsPassword, LeavesOtherStringsAlone) {
  for (const char* text :
       {"", "host=a user=password dbname=x", "host=a passfile=/etc/pgpass",
        "postgresql://u@a:5432/n?sslmode=require", "postgresql://a:5432,b:5433/n",
        "application_name=password", "postgres://u:@a/n"})
    EXPECT_FALSE(holds_password(text)) << text;
}

TEST(Parse, WhatIsMalformedIsNeverShown) {
  for (const char* text : {"hunter2", "host=a password=pass hunter2", "host=a password='hunter2",
                           "hunter2=x", "postgresql://u:%zzhunter2@a/n", "postgresql://[hunter2",
                           "postgresql://u@a/n?hunter2", "postgresql://u@a/n?hunter2=x",
                           "postgresql://u:first@hunter2@a/n", "postgresql://u:pa/hunter2@a/n",
                           "postgresql://u:12/hunter2@a/n", "postgresql://u:p@s/hunter2@a/n",
                           "postgres://u:a@hunter2@a,b/n?x=y", "postgresql:///n?user=u@hunter2"}) {
    const Result<ConnectionString> string = ConnectionString::parse(text);
    ASSERT_FALSE(string) << text;
    EXPECT_EQ(string.error().code(), EINVAL);
    EXPECT_THAT(string.error().message(), Not(HasSubstr("hunter2")));
  }
}

TEST(LeavesChoice, HoweverManyHostsAreNamed) {
  for (const char* text : {"", "host=a dbname=x,y", "host=/run/postgresql user=a,b",
                           "postgresql://u:p,q@a:1/name", "postgresql://a/x,y", "host=a,b dbname=x",
                           "dbname=x host = a,b", "host='/run/a,/run/b' port=1,2",
                           "hostaddr=192.0.2.1,192.0.2.2", "postgresql://u@a:1,b:2/name",
                           "postgres://u:p@a,b", "postgresql:///name?host=/run/a,/run/b",
                           "postgresql:///name?user=x&host=%2Frun%2Fa%2c%2Frun%2Fb"})
    EXPECT_TRUE(leaves_choice(text)) << text;
}

TEST(LeavesChoice, NotWhereTheOperatorHasChosen) {
  for (const char* text :
       {"host=a,b target_session_attrs=any", "target_session_attrs = standby host=a,b",
        "postgresql://a,b/x?target_session_attrs=prefer-standby"})
    EXPECT_FALSE(leaves_choice(text)) << text;
}

TEST(OneLine, JoinsTheLinesOfAMessage) {
  EXPECT_EQ(one_line("connection failed:\n\tNo such file\n"), "connection failed: No such file");
  EXPECT_EQ(one_line(""), "");
}

TEST(ConnectError, SaysWhatLibpqSaysUnlessThePasswordIsInIt) {
  const ConnectionString string = *ConnectionString::parse("host=a password=hunter2");
  const Error plain = string.connect_error("connection to server at \"a\" failed:\n timed out\n");
  EXPECT_EQ(plain.code(), ENOTCONN);
  EXPECT_EQ(plain.message(),
            "connect to the database: connection to server at \"a\" failed: timed out");
  const Error secret = string.connect_error("FATAL: wrong password hunter2");
  EXPECT_EQ(secret.code(), ENOTCONN);
  EXPECT_THAT(secret.message(), Not(HasSubstr("hunter2")));
}

TEST(ConnectError, TellsWhatToDoWithoutAnAuthority) {
  const Error error = ConnectionString::parse("host=a")->connect_error(
      "root certificate file \"/x/root.crt\" does not exist\nEither provide the file or change "
      "sslmode to disable server certificate verification.");
  EXPECT_THAT(error.message(), HasSubstr("sslrootcert="));
  EXPECT_THAT(error.message(), Not(HasSubstr("disable")));
}

TEST(SecretString, IsTheTextThatItWasMadeFrom) {
  EXPECT_EQ(SecretString{}.view(), "");
  EXPECT_STREQ(SecretString{}.c_str(), "");
  EXPECT_EQ(SecretString{"host=a"}.view(), "host=a");
  EXPECT_EQ(SecretString{"a"}, SecretString{std::string{"a"}});
}

} // namespace
} // namespace provisiond::postgres
