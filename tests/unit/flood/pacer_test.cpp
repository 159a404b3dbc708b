#include "flood/pacer.hpp"

#include <gtest/gtest.h>

namespace provisiond::flood {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint begin{100s};

// How many are sent by one who looks every `step` from `from` to `to`.
int taken(Pacer& pacer, TimePoint from, TimePoint to, Duration step) {
  int count = 0;
  for (TimePoint now = from; now < to; now += step) {
    while (pacer.take(now))
      ++count;
  }
  return count;
}

TEST(PacerTest, TheFirstIsDueAtOnceAndTheNextAnIntervalLater) {
  Pacer pacer{10, begin};
  EXPECT_TRUE(pacer.take(begin));
  EXPECT_FALSE(pacer.take(begin + 99ms));
  EXPECT_EQ(pacer.next(), begin + 100ms);
  EXPECT_TRUE(pacer.take(begin + 100ms));
}

TEST(PacerTest, TheRateHoldsHoweverOftenOneLooks) {
  for (const Duration step : {Duration{100us}, Duration{1ms}, Duration{40ms}}) {
    Pacer pacer{1'000, begin};
    EXPECT_NEAR(taken(pacer, begin, begin + 2s, step), 2'000, 41) << step.count();
  }
}

TEST(PacerTest, APauseIsNotMadeUpForByABurst) {
  Pacer pacer{1'000, begin};
  EXPECT_TRUE(pacer.take(begin));
  EXPECT_EQ(taken(pacer, begin + 10s, begin + 10s + 1ms, 1ms), 51); // 50 ms of catching up
}

TEST(PacerTest, LessThanOneASecondIsPossible) {
  Pacer pacer{0.5, begin};
  EXPECT_EQ(taken(pacer, begin, begin + 10s, 100ms), 5);
}

} // namespace
} // namespace provisiond::flood
