#include "watch/schedule.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::watch {
namespace {

const TimePoint start = TimePoint{} + 1h;

TEST(Schedule, PassesAtOnceAndThenAtTheInterval) {
  Schedule schedule{10s};
  EXPECT_TRUE(schedule.is_due(false, start));
  schedule.passed(start, start + 1ms);
  EXPECT_FALSE(schedule.is_due(false, start + 10s));
  EXPECT_TRUE(schedule.is_due(false, start + 10s + 1ms));
}

TEST(Schedule, PassesEarlyWhileSomeoneWaits) {
  Schedule schedule{10s};
  schedule.passed(start, start + 1ms);
  EXPECT_FALSE(schedule.is_due(true, start + 20ms));
  EXPECT_TRUE(schedule.is_due(true, start + 21ms));
}

TEST(Schedule, TakesATenthOfTheTimeAtMost) {
  Schedule schedule{1s};
  schedule.passed(start - 2s, start - 1s);
  schedule.passed(start, start + 500ms);
  EXPECT_FALSE(schedule.is_due(true, start + 4999ms));
  EXPECT_TRUE(schedule.is_due(true, start + 5s));
  EXPECT_FALSE(schedule.is_due(false, start + 4999ms));
}

TEST(Schedule, OnePassThatHadToWaitDelaysNobody) {
  Schedule schedule{10s};
  schedule.passed(start, start + 1ms);
  schedule.passed(start + 1s, start + 4s);
  EXPECT_TRUE(schedule.is_due(true, start + 4s + 20ms));
}

TEST(Schedule, CanBeHurried) {
  Schedule schedule{10s};
  schedule.passed(start, start + 1ms);
  schedule.hurry();
  EXPECT_TRUE(schedule.is_due(false, start + 2ms));
}

} // namespace
} // namespace provisiond::watch
