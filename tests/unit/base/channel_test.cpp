#include "base/channel.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <thread>

namespace provisiond {
namespace {

bool is_ready(const Channel<int>& channel) {
  pollfd readable{.fd = channel.ready_fd(), .events = POLLIN, .revents = 0};
  return ::poll(&readable, 1, 0) == 1;
}

TEST(Channel, GivesValuesBackInOrder) {
  Channel<int> channel{3};
  EXPECT_TRUE(channel.push(1));
  EXPECT_TRUE(channel.push(2));
  EXPECT_EQ(channel.size(), 2U);
  EXPECT_EQ(channel.drain(10), (std::vector<int>{1, 2}));
  EXPECT_EQ(channel.size(), 0U);
}

TEST(Channel, RefusesWhenFullAndTakesAgainAfterwards) {
  Channel<int> channel{2};
  EXPECT_TRUE(channel.push(1));
  EXPECT_TRUE(channel.push(2));
  EXPECT_FALSE(channel.push(3));
  EXPECT_EQ(channel.size(), channel.capacity());
  EXPECT_EQ(channel.drain(1), (std::vector<int>{1}));
  EXPECT_TRUE(channel.push(4));
  EXPECT_EQ(channel.drain(10), (std::vector<int>{2, 4}));
}

TEST(Channel, LeavesARefusedValueAlone) {
  Channel<std::unique_ptr<int>> channel{0};
  std::unique_ptr<int> value = std::make_unique<int>(7);
  EXPECT_FALSE(channel.push(std::move(value)));
  ASSERT_NE(value, nullptr); // NOLINT(bugprone-use-after-move): a refused push promises not to move
  EXPECT_EQ(*value, 7);
}

TEST(Channel, IsReadyWhileValuesWait) {
  Channel<int> channel{10};
  EXPECT_FALSE(is_ready(channel));
  EXPECT_TRUE(channel.push(1));
  EXPECT_TRUE(channel.push(2));
  EXPECT_TRUE(is_ready(channel));
  EXPECT_EQ(channel.drain(1).size(), 1U);
  EXPECT_TRUE(is_ready(channel)); // one is left
  EXPECT_EQ(channel.drain(1).size(), 1U);
  EXPECT_FALSE(is_ready(channel));
  EXPECT_TRUE(channel.drain(1).empty());
}

TEST(Channel, RefusesAfterCloseButGivesWhatIsLeft) {
  Channel<int> channel{10};
  EXPECT_TRUE(channel.push(1));
  channel.close();
  EXPECT_FALSE(channel.push(2));
  EXPECT_EQ(channel.take(10), (std::vector<int>{1}));
  EXPECT_TRUE(channel.take(10).empty());
}

TEST(Channel, CloseWakesWhoWaits) {
  Channel<int> channel{1};
  std::vector<int> taken{99};
  {
    const std::jthread taker{[&] { taken = channel.take(1); }};
    channel.close();
  }
  EXPECT_TRUE(taken.empty());
  EXPECT_TRUE(is_ready(channel));
}

TEST(Channel, TakesAtMostTheLimit) {
  Channel<int> channel{10};
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(channel.push(int{i}));
  }
  EXPECT_EQ(channel.take(3), (std::vector<int>{0, 1, 2}));
  EXPECT_EQ(channel.take(3), (std::vector<int>{3, 4}));
}

TEST(Channel, LosesAndDoublesNothingBetweenThreads) {
  constexpr int each = 1'000;
  Channel<int> channel{16};
  std::array<std::vector<int>, 2> taken;
  {
    std::vector<std::jthread> takers;
    for (std::vector<int>& mine : taken) {
      takers.emplace_back([&channel, &mine] {
        for (std::vector<int> batch = channel.take(8); !batch.empty(); batch = channel.take(8)) {
          mine.insert(mine.end(), batch.begin(), batch.end());
        }
      });
    }
    {
      std::vector<std::jthread> pushers;
      for (int pusher = 0; pusher < 2; ++pusher) {
        pushers.emplace_back([&channel, pusher] {
          for (int i = 0; i < each; ++i) {
            while (!channel.push(pusher * each + i)) {
              std::this_thread::yield();
            }
          }
        });
      }
    }
    channel.close();
  }
  std::vector<int> all = taken[0];
  all.insert(all.end(), taken[1].begin(), taken[1].end());
  std::ranges::sort(all);
  std::vector<int> expected(2 * each);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

} // namespace
} // namespace provisiond
