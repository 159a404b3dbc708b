#include "evict/staleness.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond::evict {
namespace {

using Transition = Staleness::Transition;
const TimePoint start = TimePoint{} + 1h;

TEST(Staleness, WarnsAtHalfAndIsStaleAtTheMaximumOnceEach) {
  Staleness staleness{10min, start};
  EXPECT_EQ(staleness.pass(0, start + 4min), std::nullopt);
  EXPECT_EQ(staleness.pass(0, start + 5min), Transition::warning);
  EXPECT_EQ(staleness.pass(0, start + 6min), std::nullopt);
  EXPECT_EQ(staleness.pass(0, start + 10min), Transition::stale);
  EXPECT_EQ(staleness.pass(0, start + 20min), std::nullopt);
}

TEST(Staleness, AnAnswerBeginsAnew) {
  Staleness staleness{10min, start};
  EXPECT_EQ(staleness.pass(0, start + 5min), Transition::warning);
  EXPECT_EQ(staleness.pass(1, start + 9min), Transition::answered);
  EXPECT_EQ(staleness.pass(1, start + 13min), std::nullopt);
  EXPECT_EQ(staleness.pass(1, start + 14min), Transition::warning);
  EXPECT_EQ(staleness.pass(1, start + 19min), Transition::stale);
  EXPECT_EQ(staleness.pass(2, start + 20min), Transition::answered);
  EXPECT_EQ(staleness.pass(2, start + 30min), Transition::stale);
}

TEST(Staleness, WithoutAMaximumOnlyAnswersCount) {
  Staleness staleness{Duration::zero(), start};
  EXPECT_EQ(staleness.pass(0, start + 1000h), std::nullopt);
  EXPECT_EQ(staleness.pass(1, start + 1001h), Transition::answered);
  EXPECT_EQ(staleness.pass(1, start + 5000h), std::nullopt);
}

} // namespace
} // namespace provisiond::evict
