#include "postgres/retry_pause.hpp"

#include <gtest/gtest.h>

#include <future>

namespace provisiond::postgres {
namespace {

using std::chrono::milliseconds;

TEST(RetryPause, EndsAtTheFirstTickAfterTheDelay) {
  RetryPause pause;
  const TimePoint start{};
  pause.begin(milliseconds{250});
  pause.tick(start);
  pause.tick(start + milliseconds{249});
  std::future<bool> waiting = std::async(std::launch::async, [&] { return pause.wait(); });
  EXPECT_EQ(waiting.wait_for(milliseconds{0}), std::future_status::timeout);
  pause.tick(start + milliseconds{250});
  EXPECT_TRUE(waiting.get());
}

TEST(RetryPause, TheDelayStartsAtTheFirstTick) {
  RetryPause pause;
  const TimePoint late{std::chrono::hours{5}};
  pause.begin(milliseconds{250});
  pause.tick(late);
  std::future<bool> waiting = std::async(std::launch::async, [&] { return pause.wait(); });
  EXPECT_EQ(waiting.wait_for(milliseconds{0}), std::future_status::timeout);
  pause.tick(late + milliseconds{250});
  EXPECT_TRUE(waiting.get());
}

TEST(RetryPause, TicksWithoutAPauseLeaveNothingBehind) {
  RetryPause pause;
  pause.tick(TimePoint{});
  pause.close();
  EXPECT_FALSE(pause.wait());
}

TEST(RetryPause, HurryShortensAPauseAndNeverMakesItLonger) {
  RetryPause pause;
  const TimePoint start{std::chrono::hours{1}};
  EXPECT_FALSE(pause.hurry(milliseconds{100}, start)) << "there is none";
  pause.begin(milliseconds{10'000});
  EXPECT_TRUE(pause.hurry(milliseconds{300}, start));
  EXPECT_TRUE(pause.hurry(milliseconds{300}, start + milliseconds{200}));
  std::future<bool> waiting = std::async(std::launch::async, [&] { return pause.wait(); });
  pause.tick(start + milliseconds{299});
  EXPECT_EQ(waiting.wait_for(milliseconds{0}), std::future_status::timeout);
  pause.tick(start + milliseconds{300});
  EXPECT_TRUE(waiting.get());
}

TEST(RetryPause, HurryLeavesAShorterPauseAlone) {
  RetryPause pause;
  const TimePoint start{std::chrono::hours{1}};
  pause.begin(milliseconds{100});
  EXPECT_TRUE(pause.hurry(milliseconds{300}, start));
  pause.tick(start + milliseconds{100});
  EXPECT_TRUE(pause.wait());
}

TEST(RetryPause, CloseEndsItForGood) {
  RetryPause pause;
  pause.begin(milliseconds{250});
  std::future<bool> waiting = std::async(std::launch::async, [&] { return pause.wait(); });
  pause.close();
  EXPECT_FALSE(waiting.get());
  pause.begin(milliseconds{250});
  EXPECT_FALSE(pause.wait());
}

} // namespace
} // namespace provisiond::postgres
