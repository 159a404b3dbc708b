#include "watch/watcher.hpp"

#include <gtest/gtest.h>

#include <cerrno>

namespace provisiond::watch {
namespace {

TEST(Watcher, AnswersEveryOrderAndEndsWhenTold) {
  Channel<Order> orders{4};
  Channel<Pass> passes{4};
  {
    Result<std::unique_ptr<Watcher>> watcher = Watcher::start({.orders = orders, .passes = passes});
    ASSERT_TRUE(watcher);
    ASSERT_TRUE(
        orders.push({.interface = {3}, .name = "no-such-wg", .backend = {}, .ifindex = 12}));
    ASSERT_TRUE(orders.push({.interface = {4}, .name = "lo", .backend = {}, .ifindex = 1}));
    for (const int expected : {3, 4}) {
      const std::vector<Pass> answered = passes.take(1);
      ASSERT_EQ(answered.size(), 1U);
      EXPECT_EQ(answered[0].interface.value, expected);
      EXPECT_LE(answered[0].begin, answered[0].end);
      EXPECT_FALSE(answered[0].peers) << "there is no such device";
    }
  }
  EXPECT_FALSE(orders.push({})) << "closed";
}

} // namespace
} // namespace provisiond::watch
