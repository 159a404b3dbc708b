#include "admit/second_chance.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace provisiond::admit {
namespace {

using namespace std::chrono_literals;

class SecondChanceTest : public testing::Test {
 protected:
  bool take(const std::string& address) {
    return chances_.take(Endpoint::parse(address + ":1")->address, now_);
  }

  SecondChance chances_{{.per_prefix = {1, 2},
                         .total = {10, 5},
                         .translated_prefixes = {IpPrefix::parse("64:ff9b::/96").value()},
                         .entries = 64}};
  TimePoint now_ = TimePoint{} + 1h;
};

TEST_F(SecondChanceTest, EachPrefixHasItsOwn) {
  EXPECT_TRUE(take("192.0.2.1"));
  EXPECT_TRUE(take("192.0.2.2"));
  EXPECT_FALSE(take("192.0.2.3"));
  EXPECT_TRUE(take("198.51.100.1"));
  EXPECT_TRUE(take("[2001:db8::1]"));
  now_ += 1s;
  EXPECT_TRUE(take("192.0.2.3"));
  EXPECT_FALSE(take("192.0.2.3"));
}

TEST_F(SecondChanceTest, AllTogetherHaveSoMany) {
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(take("192.0." + std::to_string(i) + ".1"));
  EXPECT_FALSE(take("198.51.100.1"));
  now_ += 100ms;
  EXPECT_TRUE(take("198.51.100.1"));
}

TEST_F(SecondChanceTest, OnePrefixAloneDoesNotUseUpWhatAllHave) {
  for (int i = 0; i < 100; ++i)
    static_cast<void>(take("192.0.2.1"));
  EXPECT_TRUE(take("198.51.100.1"));
}

TEST_F(SecondChanceTest, ATranslatedAddressCountsAsWhatIsEmbedded) {
  EXPECT_TRUE(take("192.0.2.1"));
  EXPECT_TRUE(take("[64:ff9b::c000:202]"));
  EXPECT_FALSE(take("[64:ff9b::c000:203]"));
  EXPECT_TRUE(take("[64:ff9b::c633:6401]"));
}

} // namespace
} // namespace provisiond::admit
