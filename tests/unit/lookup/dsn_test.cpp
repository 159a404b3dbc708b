#include "lookup/dsn.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond::lookup {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr DsnDefaults defaults{.connect_timeout = milliseconds{2'500},
                               .tcp_user_timeout = milliseconds{1'500}};

TEST(WithDefaults, OursStandBeforeTheOperatorsWordsWhichWin) {
  const std::string dsn = with_defaults("host=a,b connect_timeout=7", defaults);
  EXPECT_THAT(dsn, StartsWith("connect_timeout=3 tcp_user_timeout=1500 keepalives=1 "));
  EXPECT_THAT(dsn, EndsWith(" host=a,b connect_timeout=7"));
  EXPECT_THAT(dsn, HasSubstr("fallback_application_name=wg-provisiond"));
}

TEST(WithDefaults, AnEmptyStringKeepsTheEnvironmentsServer) {
  EXPECT_THAT(with_defaults("", defaults), Not(HasSubstr("host")));
}

TEST(WithDefaults, UriWithoutParameters) {
  const std::string dsn = with_defaults("postgresql://u@a:1,b:2/name", defaults);
  EXPECT_THAT(dsn, StartsWith("postgresql://u@a:1,b:2/name?connect_timeout=3&tcp_user_timeout="));
  EXPECT_THAT(dsn, Not(HasSubstr(" ")));
}

TEST(WithDefaults, UriWithParametersKeepsThemLast) {
  const std::string dsn =
      with_defaults("postgres://a/n?target_session_attrs=read-write&connect_timeout=7", defaults);
  EXPECT_THAT(dsn, StartsWith("postgres://a/n?connect_timeout=3&"));
  EXPECT_THAT(dsn, EndsWith("&target_session_attrs=read-write&connect_timeout=7"));
}

TEST(WithDefaults, UriWithAnEmptyQuery) {
  EXPECT_THAT(with_defaults("postgres://a/n?", defaults),
              EndsWith("?connect_timeout=3&tcp_user_timeout=1500&keepalives=1&keepalives_idle=10&"
                       "keepalives_interval=5&keepalives_count=3&"
                       "fallback_application_name=wg-provisiond"));
}

TEST(HoldsPassword, FindsItInEveryForm) {
  EXPECT_TRUE(holds_password("host=a password=x"));
  EXPECT_TRUE(holds_password("password = 'x y' host=a"));
  EXPECT_TRUE(holds_password("sslpassword=x"));
  EXPECT_TRUE(holds_password("postgresql://u:secret@a/n"));
  EXPECT_TRUE(holds_password("postgres://u:@a/n"));
  EXPECT_TRUE(holds_password("postgresql://u@a/n?password=x"));
  EXPECT_TRUE(holds_password("postgresql://u@a/n?sslmode=require&password=x"));
}

TEST(HoldsPassword, LeavesOtherStringsAlone) {
  EXPECT_FALSE(holds_password(""));
  EXPECT_FALSE(holds_password("host=a user=password dbname=x"));
  EXPECT_FALSE(holds_password("host=a passfile=/etc/pgpass"));
  EXPECT_FALSE(holds_password("postgresql://u@a:5432/n?sslmode=require"));
  EXPECT_FALSE(holds_password("postgresql://a:5432,b:5433/n"));
}

TEST(OneLine, JoinsTheLinesOfAMessage) {
  EXPECT_EQ(one_line("connection failed:\n\tNo such file\n"), "connection failed: No such file");
  EXPECT_EQ(one_line(""), "");
}

TEST(ConnectError, SaysWhatLibpqSays) {
  const Error error = connect_error("connection to server at \"a\" failed:\n timeout expired\n");
  EXPECT_EQ(error.code(), ENOTCONN);
  EXPECT_EQ(error.message(),
            "connect to the database: connection to server at \"a\" failed: timeout expired");
}

TEST(ConnectError, NeverShowsTheConnectionString) {
  for (const char* const message :
       {"missing \"=\" after \"hunter2\" in connection info string",
        "invalid connection option \"hunter2\"", "invalid percent-encoded token: \"hunter2\"",
        "unexpected character \"[\" in position 3 in URI (expected \":\" or \"/\"): \"hunter2\""}) {
    const Error error = connect_error(message);
    EXPECT_EQ(error.code(), EINVAL) << message;
    EXPECT_THAT(error.message(), Not(HasSubstr("hunter2")));
  }
}

} // namespace
} // namespace provisiond::lookup
