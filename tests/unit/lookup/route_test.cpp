#include "lookup/dsn.hpp"
#include "lookup/route.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace provisiond::lookup {
namespace {

using std::chrono::milliseconds;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr RouteTimes times{.connect_timeout = milliseconds{2'000},
                           .tcp_user_timeout = milliseconds{1'500}};
constexpr const char* wants_primary = "target_session_attrs=read-write";

TEST(LeavesChoice, WhereSeveralHostsAreNamed) {
  EXPECT_TRUE(leaves_choice("host=a,b dbname=x"));
  EXPECT_TRUE(leaves_choice("dbname=x host = a,b"));
  EXPECT_TRUE(leaves_choice("host='/run/a,/run/b' port=1,2"));
  EXPECT_TRUE(leaves_choice("hostaddr=192.0.2.1,192.0.2.2"));
  EXPECT_TRUE(leaves_choice("postgresql://u@a:1,b:2/name"));
  EXPECT_TRUE(leaves_choice("postgres://u:p@a,b"));
  EXPECT_TRUE(leaves_choice("postgresql:///name?host=/run/a,/run/b"));
  EXPECT_TRUE(leaves_choice("postgresql:///name?user=x&host=%2Frun%2Fa%2c%2Frun%2Fb"));
}

TEST(LeavesChoice, NotWithOneHost) {
  EXPECT_FALSE(leaves_choice(""));
  EXPECT_FALSE(leaves_choice("host=a dbname=x,y"));
  EXPECT_FALSE(leaves_choice("host=/run/postgresql user=a,b"));
  EXPECT_FALSE(leaves_choice("postgresql://u:p,q@a:1/name"));
  EXPECT_FALSE(leaves_choice("postgresql://a/x,y"));
}

TEST(LeavesChoice, NotWhereTheOperatorHasChosen) {
  EXPECT_FALSE(leaves_choice("host=a,b target_session_attrs=any"));
  EXPECT_FALSE(leaves_choice("target_session_attrs = standby host=a,b"));
  EXPECT_FALSE(leaves_choice("postgresql://a,b/x?target_session_attrs=prefer-standby"));
}

TEST(Route, ReadingPrefersThePrimaryAndTakesAnyOther) {
  const Route route = route_for_reading("host=a,b", times);
  EXPECT_THAT(route.first, StartsWith(wants_primary));
  EXPECT_THAT(route.first, EndsWith(" host=a,b"));
  ASSERT_TRUE(route.has_choice());
  EXPECT_THAT(route.stand_in, Not(HasSubstr("target_session_attrs")));
}

TEST(Route, WritingWantsThePrimaryOnly) {
  const Route route = route_for_writing("postgresql://a,b/x", times);
  EXPECT_THAT(route.first,
              StartsWith("postgresql://a,b/x?target_session_attrs=read-write&connect_timeout=2&"));
  EXPECT_FALSE(route.has_choice());
}

TEST(Route, OneHostAndTheOperatorsOwnChoiceStayAsTheyAre) {
  for (const char* dsn : {"host=a", "host=a,b target_session_attrs=standby"}) {
    EXPECT_FALSE(route_for_reading(dsn, times).has_choice());
    EXPECT_THAT(route_for_reading(dsn, times).first, Not(HasSubstr(wants_primary)));
    EXPECT_THAT(route_for_writing(dsn, times).first, Not(HasSubstr(wants_primary)));
  }
}

} // namespace
} // namespace provisiond::lookup
