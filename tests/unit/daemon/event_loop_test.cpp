#include "base/channel.hpp"
#include "daemon/event_loop.hpp"

#include <gtest/gtest.h>

#include <csignal>

using namespace std::chrono_literals;

namespace provisiond::daemon {
namespace {

TEST(EventLoop, CallsBackForAsLongAsSomethingIsReadable) {
  EventLoop loop;
  Channel<int> channel{4};
  ASSERT_TRUE(channel.push(1));
  ASSERT_TRUE(channel.push(2));
  std::vector<int> seen;
  loop.on_readable(channel.ready_fd(), [&] {
    for (const int value : channel.drain(1))
      seen.push_back(value);
    if (seen.size() == 2) loop.stop();
  });
  loop.run();
  EXPECT_EQ(seen, (std::vector<int>{1, 2}));
}

TEST(EventLoop, ForgetsADescriptorWithoutClosingIt) {
  EventLoop loop;
  Channel<int> channel{4};
  int calls = 0;
  loop.on_readable(channel.ready_fd(), [&] {
    ++calls;
    loop.forget(channel.ready_fd());
  });
  ASSERT_TRUE(channel.push(1));
  loop.after(1ms, [&] { loop.stop(); });
  loop.run();
  EXPECT_LE(calls, 1);
  EXPECT_EQ(channel.drain(4).size(), 1U) << "the channel still works";
}

TEST(EventLoop, CallsBackAtTheirTimeInOrder) {
  EventLoop loop;
  std::vector<int> order;
  loop.after(1h, [&] { order.push_back(3); });
  loop.after(1ms, [&] {
    order.push_back(1);
    loop.after(1ms, [&] {
      order.push_back(2);
      loop.stop();
    });
  });
  loop.run();
  EXPECT_EQ(order, (std::vector<int>{1, 2}));
}

TEST(EventLoop, AHangupIsHeardEachTimeAndEndsNothing) {
  EventLoop loop;
  int hangups = 0;
  loop.on_hangup([&] {
    if (++hangups == 2) return loop.stop();
    std::raise(SIGHUP);
  });
  loop.on_termination([] { FAIL() << "nobody asked for it"; });
  std::raise(SIGHUP);
  loop.run();
  EXPECT_EQ(hangups, 2);
}

} // namespace
} // namespace provisiond::daemon
