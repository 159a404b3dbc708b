#include "base/rate.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond {
namespace {

const TimePoint start = TimePoint{} + 1h;

TEST(TokenBucket, GivesTheBurstAndThenTheRate) {
  TokenBucket bucket;
  const Rate rate{10, 3};
  int taken = 0;
  for (int i = 0; i < 10; ++i)
    taken += bucket.take(rate, start) ? 1 : 0;
  EXPECT_EQ(taken, 3);
  EXPECT_FALSE(bucket.take(rate, start + 99ms));
  EXPECT_TRUE(bucket.take(rate, start + 100ms));
  EXPECT_FALSE(bucket.take(rate, start + 100ms));
}

TEST(TokenBucket, NeverExceedsTheRateInTheLongRun) {
  TokenBucket bucket;
  const Rate rate{50, 5};
  int taken = 0;
  for (int i = 0; i < 10'000; ++i)
    taken += bucket.take(rate, start + i * 1ms) ? 1 : 0;
  EXPECT_GE(taken, 500);
  EXPECT_LE(taken, 505);
}

TEST(TokenBucket, ARateOfZeroAllowsNothing) {
  TokenBucket bucket;
  EXPECT_FALSE(bucket.take({0, 10}, start));
  EXPECT_FALSE(bucket.take({10, 0}, start));
}

TEST(TokenBucket, ShowsWhatIsLeftAndTakesNothing) {
  TokenBucket bucket;
  const Rate rate{10, 3};
  EXPECT_EQ(bucket.view(rate, start).left, 3U);
  EXPECT_EQ(bucket.view(rate, start).full_in, Duration::zero());
  for (unsigned left = 3; left-- > 0;) {
    ASSERT_TRUE(bucket.take(rate, start));
    for (int i = 0; i < 5; ++i)
      EXPECT_EQ(bucket.view(rate, start).left, left);
  }
  EXPECT_TRUE(bucket.view(rate, start).is_spent());
  EXPECT_EQ(bucket.view(rate, start).full_in, 300ms);
  EXPECT_EQ(bucket.view(rate, start + 99ms).left, 0U);
  EXPECT_EQ(bucket.view(rate, start + 100ms).left, 1U);
  EXPECT_TRUE(bucket.take(rate, start + 100ms));
  EXPECT_TRUE(TokenBucket{}.view({0, 10}, start).is_spent());
}

TEST(TokenBucket, AClockThatStandsStillOrGoesBackGivesNothingExtra) {
  TokenBucket bucket;
  const Rate rate{1, 1};
  EXPECT_TRUE(bucket.take(rate, start));
  EXPECT_FALSE(bucket.take(rate, start - 1h));
  EXPECT_FALSE(bucket.take(rate, start));
}

} // namespace
} // namespace provisiond
