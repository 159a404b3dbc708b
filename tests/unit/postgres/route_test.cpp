#include "postgres/route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond::postgres {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

constexpr RouteTimes times{.connect_timeout = milliseconds{2'000},
                           .tcp_user_timeout = milliseconds{1'500}};
constexpr const char* wants_primary = "target_session_attrs='";

std::string text_of(const SecretString& secret) {
  return std::string{secret.view()};
}

TEST(Route, ReadingPrefersThePrimaryAndTakesAnyOther) {
  const Route route = route_for_reading("host=a,b", times);
  EXPECT_THAT(text_of(route.first), HasSubstr(wants_primary));
  EXPECT_THAT(text_of(route.first), HasSubstr("host='a,b'"));
  ASSERT_TRUE(route.has_choice());
  EXPECT_THAT(text_of(route.fallback), Not(HasSubstr("target_session_attrs")));
}

TEST(Route, WritingWantsThePrimaryOnly) {
  const Route route = route_for_writing("postgresql://a,b/x", times);
  EXPECT_THAT(text_of(route.first), HasSubstr(wants_primary));
  EXPECT_THAT(text_of(route.first), HasSubstr("connect_timeout='2'"));
  EXPECT_FALSE(route.has_choice());
}

TEST(Route, OneNameMayLeadToSeveralServersAsWell) {
  for (const char* dsn : {"host=a", "host=/run/postgresql", "postgresql://a/x", "dbname=x", ""}) {
    const Route route = route_for_reading(dsn, times);
    EXPECT_THAT(text_of(route.first), HasSubstr(wants_primary)) << dsn;
    EXPECT_TRUE(route.has_choice()) << dsn;
    EXPECT_THAT(text_of(route_for_writing(dsn, times).first), HasSubstr(wants_primary)) << dsn;
  }
}

TEST(Route, TheOperatorsOwnChoiceStaysAsItIs) {
  for (const char* dsn :
       {"host=a target_session_attrs=any", "host=a,b target_session_attrs=standby"}) {
    EXPECT_FALSE(route_for_reading(dsn, times).has_choice());
    EXPECT_THAT(text_of(route_for_reading(dsn, times).first), Not(HasSubstr("'primary'")));
    EXPECT_THAT(text_of(route_for_writing(dsn, times).first), Not(HasSubstr("'primary'")));
  }
}

TEST(Route, AStringThatLibpqDoesNotTakeLeadsNowhere) {
  for (const Route& route :
       {route_for_reading("hunter2", times), route_for_writing("host=a sslmode=hunter2", times)}) {
    ASSERT_TRUE(route.problem);
    EXPECT_EQ(route.problem->code(), EINVAL);
    EXPECT_THAT(route.problem->message(), Not(HasSubstr("hunter2")));
    EXPECT_TRUE(route.first.empty());
  }
}

} // namespace
} // namespace provisiond::postgres
