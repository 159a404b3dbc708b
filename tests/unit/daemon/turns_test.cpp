#include "base/channel.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/turns.hpp"

#include <gtest/gtest.h>

#include <csignal>

namespace provisiond::daemon {
namespace {

using namespace std::chrono_literals;

void work_for(Duration time) {
  const TimePoint end = Clock::now() + time;
  while (Clock::now() < end) {
  }
}

class LoopTurns : public testing::Test {
 protected:
  LoopTurns() {
    loop.on_turn([this](Duration took) { turns.push_back(took); });
  }

  EventLoop loop;
  std::vector<Duration> turns;
};

TEST_F(LoopTurns, WaitingIsNoPartOfATurn) {
  loop.after(30ms, [&] { work_for(2ms); });
  loop.after(60ms, [&] { loop.stop(); }); // ends before its turn does
  loop.run();
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_GE(turns[0], 2ms);
  EXPECT_LT(turns[0], 30ms);
}

TEST_F(LoopTurns, WhatIsDueTogetherIsOneTurn) {
  loop.after(1ms, [&] { work_for(2ms); });
  loop.after(1ms, [&] { work_for(3ms); });
  loop.after(20ms, [&] { loop.stop(); });
  work_for(1ms); // both are due at the first look
  loop.run();
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_GE(turns[0], 5ms);
}

TEST_F(LoopTurns, WhatComesMeanwhileHasATurnOfItsOwn) {
  Channel<int> channel{4};
  int calls = 0;
  loop.on_readable(channel.ready_fd(), [&] {
    static_cast<void>(channel.drain(1));
    if (++calls < 3) static_cast<void>(channel.push(1));
  });
  loop.after(20ms, [&] { loop.stop(); });
  ASSERT_TRUE(channel.push(1));
  loop.run();
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(turns.size(), 3U);
}

TEST_F(LoopTurns, ASignalHasATurnToo) {
  loop.on_hangup([] { work_for(2ms); });
  std::raise(SIGHUP);
  loop.after(20ms, [&] { loop.stop(); });
  loop.run();
  ASSERT_EQ(turns.size(), 1U);
  EXPECT_GE(turns[0], 2ms);
}

TEST(TurnTimes, KeepsTheLongestAndCountsAll) {
  metrics::Histogram durations;
  TurnTimes times{durations};
  EXPECT_EQ(times.longest(), Duration::zero());
  for (const Duration took : {1ms, 60ms, 5ms})
    times.ended(took);
  EXPECT_EQ(times.longest(), 60ms);
  const metrics::Histogram::Snapshot snapshot = durations.snapshot();
  EXPECT_EQ(snapshot.sum, 66ms);
  const auto at_most = [&](Duration bound) {
    const std::size_t index = static_cast<std::size_t>(
        std::ranges::find(metrics::Histogram::bounds, bound) - metrics::Histogram::bounds.begin());
    return snapshot.cumulative.at(index);
  };
  EXPECT_EQ(at_most(5ms), 2U) << "the bounds that the budget of a turn names";
  EXPECT_EQ(at_most(50ms), 2U);
  EXPECT_EQ(snapshot.cumulative.back(), 3U);
}

TEST(PauseBeforeTick, IsShorterTheMoreThereIsToDo) {
  const Duration at_rest = pause_before_tick({});
  const Duration greeting = pause_before_tick({.awaits_session = true});
  const Duration large = pause_before_tick({.is_large = true, .awaits_session = true});
  EXPECT_LE(at_rest, 100ms) << "the deadlines of look-ups";
  EXPECT_LT(greeting, at_rest);
  EXPECT_LT(large, greeting);
  EXPECT_EQ(pause_before_tick({.is_large = true}), large);
}

TEST(PauseBeforeLook, IsTheIntervalUnlessSystemdWaitsLess) {
  EXPECT_EQ(pause_before_look(1s, Duration::zero()), 1s);
  EXPECT_EQ(pause_before_look(1s, 500ms), 500ms);
  EXPECT_EQ(pause_before_look(1s, 10s), 1s);
}

} // namespace
} // namespace provisiond::daemon
