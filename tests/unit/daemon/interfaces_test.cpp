#include "daemon/interfaces.hpp"
#include "quiet_source.hpp"
#include "support/captured_log.hpp"
#include "unit/flow/flow_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <memory>
#include <string>
#include <vector>

namespace provisiond::daemon {
namespace {

using namespace std::chrono_literals;
using flow::Interface;
using test::capture_log;
using test::captured_log;
using testing::HasSubstr;

// One interface, which is not there at first; the machine's devices are the test's.
class InterfacesTest : public testing::Test {
 protected:
  InterfacesTest() {
    world.interface().device.reset();
    world.interface().identity.reset();
    world.device = nullptr;
  }

  // From now on the machine has a device of that name, with a key and a port.
  test::FakeWgDevice& make_device(std::uint32_t ifindex = 7) {
    next = std::make_unique<test::FakeWgDevice>(test::FakeWgDevice::Options{.ifindex = ifindex});
    next->set_private_key(world.gateway().private_key.bytes());
    world.device = next.get();
    return *next;
  }
  Result<std::unique_ptr<kernel::WgDevice>> open() {
    ++opened;
    if (!next) return fail(Error::system("open", ENODEV));
    return std::move(next);
  }
  void serve() {
    make_device();
    interfaces.look(world.now);
    ASSERT_TRUE(world.interface().is_present());
  }
  static void put(test::FakeWgDevice& device, std::uint8_t fill) {
    std::vector<kernel::PeerChange> changes(1);
    changes[0].key.bytes.fill(fill);
    changes[0].allowed_ips.emplace();
    ASSERT_TRUE(device.apply(changes)[0]);
  }
  // What the watcher does with an order.
  void watch() {
    for (const watch::Order& order : orders.drain(10)) {
      interfaces.passed({.interface = order.interface,
                         .ifindex = order.ifindex,
                         .begin = world.now.steady,
                         .end = world.now.steady,
                         .peers = world.device->peers()},
                        world.now);
    }
  }
  std::size_t orders_after(Duration pause) {
    world.advance(pause);
    interfaces.pass(world.now);
    return orders.size();
  }
  // The next pass that is due by the interval.
  void pass() {
    ASSERT_EQ(orders_after(10s), 1U);
    watch();
  }

  flow::World world;
  SourceState source;
  std::vector<events::SourcePreference> preferences{{.choice = events::SourceChoice::capture}};
  std::unique_ptr<events::SourceSet> sources =
      events::SourceSet::open(quiet_openers(source), preferences, world.metrics).value();
  Channel<watch::Order> orders{1};
  std::unique_ptr<test::FakeWgDevice> next;
  int opened = 0;
  Interfaces interfaces{
      {.interfaces = world.interfaces(),
       .sources = *sources,
       .flow = world.flow,
       .metrics = world.metrics,
       .orders = orders,
       .open_device = [this](const std::string&, kernel::Backend) { return open(); },
       .clock = [this] { return world.now; }},
      {kernel::Backend::automatic},
      10s};
};

TEST_F(InterfacesTest, ServesADeviceThatAppearsAndKnowsItsPeersAtOnce) {
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.present(), 0U);
  EXPECT_EQ(interfaces.ifindex_of({}), 0U);
  put(make_device(), 5);
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.present(), 1U);
  EXPECT_EQ(interfaces.ifindex_of({}), 7U);
  EXPECT_EQ(world.interface().identity->public_key(), world.gateway_key());
  ASSERT_EQ(source.watched.size(), 1U);
  EXPECT_EQ(source.watched[0].ifindex, 7U);
  EXPECT_EQ(source.watched[0].listen_port, 51820);
  EXPECT_EQ(world.interface().peers.size(), 1U);
  EXPECT_EQ(world.interface().known, Interface::Known::all);
}

TEST_F(InterfacesTest, ADeviceThatIsServedIsNotOpenedAgain) {
  serve();
  for (int i = 0; i < 3; ++i)
    interfaces.look(world.now);
  EXPECT_EQ(opened, 1);
}

TEST_F(InterfacesTest, AProblemThatLastsIsSaidOnce) {
  capture_log();
  for (int i = 0; i < 3; ++i)
    interfaces.look(world.now);
  const std::string log = captured_log();
  EXPECT_THAT(log, HasSubstr("cannot serve interface"));
  EXPECT_EQ(log.find("cannot serve"), log.rfind("cannot serve"));
}

TEST_F(InterfacesTest, WithoutAKeyOrAPortItWaits) {
  make_device().clear_private_key();
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.present(), 0U);
  make_device().set_listen_port(0);
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.present(), 0U);
  make_device();
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.present(), 1U);
}

TEST_F(InterfacesTest, WithoutASourceItWaits) {
  source.cannot_watch = true;
  make_device();
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.present(), 0U);
}

TEST_F(InterfacesTest, FollowsAnotherKeyAndAnotherPort) {
  serve();
  const test::KeyPair other = test::make_key_pair(9);
  world.device->set_private_key(other.private_key.bytes());
  world.device->set_listen_port(4444);
  interfaces.look(world.now);
  EXPECT_EQ(world.interface().identity->public_key(), other.public_key);
  ASSERT_EQ(source.watched.size(), 1U);
  EXPECT_EQ(source.watched[0].listen_port, 4444);
}

TEST_F(InterfacesTest, ADeviceThatIsGoneIsForgottenWithItsPeers) {
  put(make_device(), 5);
  interfaces.look(world.now);
  world.device->delete_interface();
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.present(), 0U);
  EXPECT_EQ(interfaces.ifindex_of({}), 0U);
  EXPECT_TRUE(source.watched.empty());
  EXPECT_EQ(world.interface().peers.size(), 0U);
  EXPECT_EQ(world.interface().known, Interface::Known::none);
}

// A device that reports another index is another one under the same name.
TEST_F(InterfacesTest, ADeviceThatIsMadeAgainIsServedAnewInTheSameLook) {
  put(make_device(), 5);
  interfaces.look(world.now);
  world.device->set_ifindex(8);
  put(make_device(8), 6);
  put(*world.device, 7);
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.ifindex_of({}), 8U);
  EXPECT_EQ(world.interface().peers.size(), 2U);
}

TEST_F(InterfacesTest, IsConcernedByItsNameAndItsIndexOnly) {
  serve();
  using Kind = kernel::LinkEvent::Kind;
  EXPECT_TRUE(interfaces.is_concerned({.kind = Kind::added, .ifindex = 99, .name = "wg0"}));
  EXPECT_TRUE(interfaces.is_concerned({.kind = Kind::changed, .ifindex = 7, .name = "wg1"}));
  EXPECT_TRUE(interfaces.is_concerned({.kind = Kind::overrun, .ifindex = 0, .name = {}}));
  EXPECT_FALSE(interfaces.is_concerned({.kind = Kind::removed, .ifindex = 9, .name = "eth0"}));
}

TEST_F(InterfacesTest, APassIsOrderedWhenItIsDueAndOneAtATime) {
  serve();
  EXPECT_EQ(orders_after(9s), 0U);
  EXPECT_EQ(orders_after(1s), 1U);
  EXPECT_EQ(orders_after(10s), 1U) << "it is under way";
  put(*world.device, 5);
  watch();
  EXPECT_EQ(world.interface().peers.size(), 1U);
  EXPECT_EQ(orders_after(9s), 0U);
  EXPECT_EQ(orders_after(1s), 1U);
}

TEST_F(InterfacesTest, APassOverADeviceThatIsGoneMeanwhileIsOfNoUse) {
  serve();
  ASSERT_EQ(orders_after(10s), 1U);
  const std::vector<watch::Order> order = orders.drain(1);
  kernel::PeerList past;
  past.peers.emplace_back().key.bytes.fill(5);
  world.device->delete_interface();
  interfaces.look(world.now);
  make_device(8);
  interfaces.look(world.now);
  interfaces.passed({.interface = {}, .ifindex = order[0].ifindex, .peers = std::move(past)},
                    world.now);
  EXPECT_EQ(world.interface().peers.size(), 0U);
}

TEST_F(InterfacesTest, AnIncompleteFirstPassServesAndIsFollowedAtOnce) {
  put(make_device(), 5);
  put(*world.device, 6);
  world.device->interrupt_next_dumps(2, [](const PublicKey& key) { return key.bytes[0] == 6; });
  interfaces.look(world.now);
  EXPECT_EQ(interfaces.present(), 1U);
  EXPECT_EQ(world.interface().peers.size(), 1U);
  EXPECT_EQ(orders_after(20ms), 1U);
  watch();
  EXPECT_EQ(world.metrics.incomplete_passes.value(), 2U);
  EXPECT_EQ(orders_after(20ms), 1U);
  watch();
  EXPECT_EQ(world.interface().peers.size(), 2U);
  EXPECT_EQ(world.metrics.incomplete_passes.value(), 2U);
  EXPECT_EQ(orders_after(20ms), 0U) << "now all are known";
}

TEST_F(InterfacesTest, AFailedPassIsLoggedOnceUntilOneSucceeds) {
  serve();
  world.device->fail_next_dumps(3, EIO);
  capture_log();
  for (int i = 0; i < 3; ++i)
    pass();
  std::string log = captured_log();
  EXPECT_EQ(world.metrics.device_errors.value(), 3U);
  EXPECT_THAT(log, HasSubstr("cannot read the peers"));
  EXPECT_EQ(log.find("cannot read"), log.rfind("cannot read"));
  EXPECT_TRUE(world.interface().is_present());

  capture_log();
  pass();
  EXPECT_THAT(captured_log(), HasSubstr("peers can be read again"));
  world.device->fail_next_dumps(1, EIO);
  capture_log();
  pass();
  EXPECT_THAT(captured_log(), HasSubstr("cannot read the peers"));
}

TEST_F(InterfacesTest, APassThatFailsBecauseTheDeviceIsGoneSaysThatOnly) {
  serve();
  ASSERT_EQ(orders_after(10s), 1U);
  world.device->delete_interface();
  capture_log();
  watch();
  const std::string log = captured_log();
  EXPECT_THAT(log, HasSubstr("interface gone"));
  EXPECT_THAT(log, testing::Not(HasSubstr("cannot read")));
  EXPECT_EQ(interfaces.present(), 0U);
}

} // namespace
} // namespace provisiond::daemon
