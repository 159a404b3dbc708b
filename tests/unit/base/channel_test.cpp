#include "base/channel.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace provisiond {
namespace {

bool is_ready(const Channel<int>& channel) {
  pollfd readable{.fd = channel.ready_fd(), .events = POLLIN, .revents = 0};
  return ::poll(&readable, 1, 0) == 1;
}

void take_all(Channel<int>& channel, std::vector<int>& taken) {
  for (std::vector<int> batch = channel.take(8); !batch.empty(); batch = channel.take(8)) {
    taken.insert(taken.end(), batch.begin(), batch.end());
  }
}

void push_range(Channel<int>& channel, int first, int count) {
  for (int value = first; value < first + count; ++value) {
    while (!channel.push(int{value})) {
      std::this_thread::yield();
    }
  }
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
  // NOLINTNEXTLINE(bugprone-use-after-move): a refused push promises not to move
  EXPECT_TRUE(value != nullptr && *value == 7);
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
    std::array<std::jthread, 2> takers;
    for (std::size_t taker = 0; taker < takers.size(); ++taker) {
      takers[taker] = std::jthread{[&channel, &mine = taken[taker]] { take_all(channel, mine); }};
    }
    std::array<std::jthread, 2> pushers;
    for (int pusher = 0; pusher < 2; ++pusher) {
      pushers.at(pusher) =
          std::jthread{[&channel, pusher] { push_range(channel, pusher * each, each); }};
    }
    for (std::jthread& pusher : pushers) {
      pusher.join();
    }
    channel.close();
  }
  std::vector<int> all = taken[0];
  all.insert(all.end(), taken[1].begin(), taken[1].end());
  std::ranges::sort(all);
  std::vector<int> expected(std::size_t{2} * each);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(all, expected);
}

} // namespace
} // namespace provisiond
