#include "support/fake_wg_device.hpp"
#include "watch/watcher.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <utility>

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

// A watcher whose devices are the test's, each opened once unless `open` is told otherwise.
class WatcherOfFakes : public testing::Test {
 protected:
  WatcherOfFakes() {
    device = made.get();
    std::vector<kernel::PeerChange> changes(2);
    changes[0].key.bytes.fill(1);
    changes[1].key.bytes.fill(2);
    static_cast<void>(device->apply(changes));
  }

  Result<std::unique_ptr<kernel::WgDevice>> open() {
    ++opened;
    if (!made) return fail(Error::system("open", ENODEV));
    return std::move(made);
  }
  void order(std::uint32_t ifindex = 7) {
    ASSERT_TRUE(orders.push({.interface = {0}, .name = "wg0", .backend = {}, .ifindex = ifindex}));
  }
  Pass take() {
    std::vector<Pass> passes_taken = passes.take(1);
    return std::move(passes_taken.at(0));
  }

  std::unique_ptr<test::FakeWgDevice> made = std::make_unique<test::FakeWgDevice>();
  test::FakeWgDevice* device = nullptr;
  int opened = 0; // the watcher's thread counts, the test looks once it has answered
  Channel<Order> orders{4};
  Channel<Pass> passes{4};
  std::unique_ptr<Watcher> watcher =
      Watcher::start(
          {.orders = orders,
           .passes = passes,
           .open_device = [this](const std::string&, kernel::Backend) { return open(); }})
          .value();
};

TEST_F(WatcherOfFakes, HandsOverAnIncompleteListAsSuch) {
  device->interrupt_next_dumps(1, [](const PublicKey& key) { return key.bytes[0] == 2; });
  order();
  const Pass incomplete = take();
  ASSERT_TRUE(incomplete.peers);
  EXPECT_FALSE(incomplete.peers->is_complete);
  EXPECT_EQ(incomplete.peers->peers.size(), 1U);
  order();
  const Pass complete = take();
  ASSERT_TRUE(complete.peers);
  EXPECT_TRUE(complete.peers->is_complete);
  EXPECT_EQ(opened, 1) << "the same handle";
}

TEST_F(WatcherOfFakes, OpensADeviceAnewAfterAFailure) {
  device->fail_next_dumps(1, ETIMEDOUT);
  order();
  const Pass failed = take();
  ASSERT_FALSE(failed.peers);
  EXPECT_EQ(failed.peers.error().code(), ETIMEDOUT);
  order();
  EXPECT_EQ(take().peers.error().code(), ENODEV);
  EXPECT_EQ(opened, 2);
}

TEST_F(WatcherOfFakes, OpensAnotherDeviceUnderTheSameName) {
  order(7);
  EXPECT_TRUE(take().peers);
  order(8);
  EXPECT_FALSE(take().peers);
  EXPECT_EQ(opened, 2);
}

TEST_F(WatcherOfFakes, AnswersForADeviceThatHungOnceItIsReleased) {
  device->hang();
  order();
  device->wait_until_it_hangs();
  EXPECT_EQ(passes.size(), 0U);
  device->release();
  EXPECT_TRUE(take().peers);
}

} // namespace
} // namespace provisiond::watch
