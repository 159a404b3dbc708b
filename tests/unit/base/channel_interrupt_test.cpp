#include "base/channel.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <vector>

namespace provisiond {
namespace {

TEST(ChannelInterrupt, LetsABlockedTakerGoEmptyHanded) {
  Channel<int> channel{4};
  std::future<std::vector<int>> taking =
      std::async(std::launch::async, [&] { return channel.take(4); });
  while (taking.wait_for(std::chrono::milliseconds{0}) != std::future_status::ready)
    channel.interrupt();
  EXPECT_TRUE(taking.get().empty());
  EXPECT_FALSE(channel.closed());
}

TEST(ChannelInterrupt, BeforeATakeChangesNothing) {
  Channel<int> channel{4};
  channel.interrupt();
  ASSERT_TRUE(channel.push(7));
  EXPECT_EQ(channel.take(4), std::vector<int>{7});
}

TEST(ChannelInterrupt, ClosedSaysWhyATakeWasEmpty) {
  Channel<int> channel{4};
  channel.close();
  EXPECT_TRUE(channel.take(4).empty());
  EXPECT_TRUE(channel.closed());
}

} // namespace
} // namespace provisiond
