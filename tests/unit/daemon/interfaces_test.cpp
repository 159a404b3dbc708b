#include "daemon/interfaces.hpp"
#include "quiet_source.hpp"
#include "support/captured_log.hpp"
#include "unit/flow/flow_world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace provisiond::daemon {
namespace {

using namespace std::chrono_literals;
using flow::Interface;
using test::capture_log;
using test::captured_log;
using testing::HasSubstr;

// Hands a device out as often as it is opened; it goes when the last one lets go of it.
class Opened final : public kernel::WgDevice {
 public:
  explicit Opened(std::shared_ptr<test::FakeWgDevice> device) : device_{std::move(device)} {}
  Result<kernel::DeviceIdentity> identity() override { return device_->identity(); }
  std::vector<Status> apply(std::span<const kernel::PeerChange> changes) override {
    return device_->apply(changes);
  }
  Result<kernel::PeerList> peers() override { return device_->peers(); }

 private:
  std::shared_ptr<test::FakeWgDevice> device_;
};

// One interface, which is not there at first; the machine's devices are the test's, and the test
// stands in the place of the reader's thread.
class InterfacesTest : public testing::Test {
 protected:
  InterfacesTest() {
    world.flow.life().detach({});
    world.device = nullptr;
  }

  // From now on the machine has a device of that name, with a key and a port.
  test::FakeWgDevice& make_device(std::uint32_t ifindex = 7) {
    world.device =
        std::make_shared<test::FakeWgDevice>(test::FakeWgDevice::Options{.ifindex = ifindex});
    world.device->set_private_key(world.gateway().private_key.bytes());
    return *world.device;
  }
  Result<std::unique_ptr<kernel::WgDevice>> open() {
    ++opened;
    if (!world.device) return fail(Error::system("open", ENODEV));
    return std::make_unique<Opened>(world.device);
  }
  void answer() {
    while (!orders.empty()) {
      const watch::Order order = orders.front();
      orders.pop_front();
      watch::Reading reading = watch::read(handle, {}, order);
      reading.begin = reading.end = world.now.steady;
      interfaces.take(std::move(reading), world.now);
    }
  }
  void look() {
    interfaces.look(world.now, Interfaces::Urgency::urgent);
    answer();
  }
  void serve() {
    make_device();
    look();
    ASSERT_TRUE(world.interface().is_present());
  }
  static void put(test::FakeWgDevice& device, std::uint8_t fill) {
    std::vector<kernel::PeerChange> changes(1);
    changes[0].key.bytes.fill(fill);
    changes[0].allowed_ips.emplace();
    ASSERT_TRUE(device.apply(changes)[0]);
  }
  std::size_t orders_after(Duration pause) {
    world.advance(pause);
    interfaces.pass(world.now);
    return orders.size();
  }
  // The next pass that is due by the interval.
  void pass() {
    ASSERT_EQ(orders_after(10s), 1U);
    answer();
  }

  flow::World world;
  SourceState source;
  std::vector<events::SourcePreference> preferences{{.choice = events::SourceChoice::capture}};
  std::unique_ptr<events::SourceSet> sources =
      events::SourceSet::open(quiet_openers(source), preferences, world.metrics).value();
  std::deque<watch::Order> orders; // that wait for the reader
  int opened = 0;
  kernel::DeviceHandle handle{"wg0", kernel::Backend::automatic,
                              [this](const std::string&, kernel::Backend) { return open(); }};
  Interfaces interfaces{{.interfaces = world.interfaces(),
                         .sources = *sources,
                         .flow = world.flow,
                         .metrics = world.metrics,
                         .ask =
                             [this](InterfaceId, const watch::Order& order) {
                               orders.push_back(order);
                               return true;
                             }},
                        10s};
};

TEST_F(InterfacesTest, ServesADeviceThatAppearsAndKnowsItsPeersAtOnce) {
  look();
  EXPECT_EQ(interfaces.served(), 0U);
  EXPECT_EQ(world.interface().ifindex, 0U);
  put(make_device(), 5);
  look();
  EXPECT_EQ(interfaces.served(), 1U);
  EXPECT_EQ(world.interface().ifindex, 7U);
  EXPECT_EQ(world.interface().identity->public_key(), world.gateway_key());
  ASSERT_EQ(source.watched.size(), 1U);
  EXPECT_EQ(source.watched[0].ifindex, 7U);
  EXPECT_EQ(source.watched[0].listen_port, 51820);
  EXPECT_EQ(world.interface().peers.table().size(), 1U);
  EXPECT_EQ(world.interface().known, Interface::Known::all);
}

TEST_F(InterfacesTest, ADeviceThatIsServedIsNotOpenedAgain) {
  serve();
  for (int i = 0; i < 3; ++i)
    look();
  EXPECT_EQ(opened, 1);
}

TEST_F(InterfacesTest, AProblemThatLastsIsSaidOnce) {
  capture_log();
  for (int i = 0; i < 3; ++i)
    look();
  const std::string log = captured_log();
  EXPECT_THAT(log, HasSubstr("cannot serve interface"));
  EXPECT_EQ(log.find("cannot serve"), log.rfind("cannot serve"));
}

TEST_F(InterfacesTest, WithoutAKeyOrAPortItWaits) {
  make_device().clear_private_key();
  look();
  EXPECT_EQ(interfaces.served(), 0U);
  make_device().set_listen_port(0);
  look();
  EXPECT_EQ(interfaces.served(), 0U);
  make_device();
  look();
  EXPECT_EQ(interfaces.served(), 1U);
}

TEST_F(InterfacesTest, WithoutASourceItWaits) {
  source.cannot_watch = true;
  make_device();
  look();
  EXPECT_EQ(interfaces.served(), 0U);
}

TEST_F(InterfacesTest, FollowsAnotherKeyAndAnotherPort) {
  serve();
  const test::KeyPair other = test::make_key_pair(9);
  world.device->set_private_key(other.private_key.bytes());
  world.device->set_listen_port(4444);
  look();
  EXPECT_EQ(world.interface().identity->public_key(), other.public_key);
  ASSERT_EQ(source.watched.size(), 1U);
  EXPECT_EQ(source.watched[0].listen_port, 4444);
}

TEST_F(InterfacesTest, ADeviceThatIsGoneIsForgottenWithItsPeers) {
  put(make_device(), 5);
  look();
  world.device->delete_interface();
  look();
  EXPECT_EQ(interfaces.served(), 0U);
  EXPECT_EQ(world.interface().ifindex, 0U);
  EXPECT_TRUE(source.watched.empty());
  EXPECT_EQ(world.interface().peers.table().size(), 0U);
  EXPECT_EQ(world.interface().known, Interface::Known::none);
}

// A device that reports another index is another one under the same name.
TEST_F(InterfacesTest, ADeviceThatIsMadeAgainIsServedAnewInTheSameLook) {
  put(make_device(), 5);
  look();
  world.device->delete_interface();
  put(make_device(8), 6);
  put(*world.device, 7);
  look();
  EXPECT_EQ(world.interface().ifindex, 8U);
  EXPECT_EQ(world.interface().peers.table().size(), 2U);
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
  answer();
  EXPECT_EQ(world.interface().peers.table().size(), 1U);
  EXPECT_EQ(orders_after(9s), 0U);
  EXPECT_EQ(orders_after(1s), 1U);
}

TEST_F(InterfacesTest, APassOverADeviceThatIsGoneMeanwhileIsOfNoUse) {
  serve();
  ASSERT_EQ(orders_after(10s), 1U);
  const watch::Order order = orders.front();
  orders.clear();
  kernel::PeerList past;
  past.peers.emplace_back().key.bytes.fill(5);
  world.device->delete_interface();
  look();
  make_device(8);
  look();
  watch::Reading reading{.interface = {}, .order = order};
  reading.peers.emplace(std::move(past));
  interfaces.take(std::move(reading), world.now);
  EXPECT_EQ(world.interface().peers.table().size(), 0U);
}

// The machine says that a device is gone; a device that says nothing is there all the same.
TEST_F(InterfacesTest, ADeviceThatDoesNotAnswerKeepsItsPeers) {
  put(make_device(), 5);
  look();
  for (const int code : {EAGAIN, ETIMEDOUT, ECONNREFUSED, EPERM}) {
    capture_log();
    world.device->fail_next_identities(2, code);
    look();
    look();
    const std::string log = captured_log();
    EXPECT_THAT(log, HasSubstr("device does not answer"));
    EXPECT_EQ(log.find("does not answer"), log.rfind("does not answer")) << "said once";
    EXPECT_TRUE(world.interface().is_present()) << code;
    EXPECT_EQ(world.interface().peers.table().size(), 1U) << code;
    EXPECT_EQ(source.watched.size(), 1U) << "it is heard as before";
    capture_log();
    look();
    EXPECT_THAT(captured_log(), HasSubstr("device answers again"));
  }
  EXPECT_EQ(world.metrics.device_errors.value(), 8U);
}

// What takes long to describe itself is asked less often, what does not answer at all is not.
TEST_F(InterfacesTest, ADeviceThatDoesNotAnswerIsAskedAgainAtTheNextLook) {
  serve();
  for (const bool answers : {false, true}) {
    watch::Reading reading{.interface = {}, .order = {.question = watch::Question::identity}};
    reading.begin = world.now.steady - 2s;
    reading.end = world.now.steady;
    reading.identity.emplace(world.device->identity());
    if (!answers) *reading.identity = fail(Error::system("talk to it", ETIMEDOUT));
    interfaces.take(std::move(reading), world.now);
    world.advance(1s);
    interfaces.look(world.now);
    EXPECT_EQ(orders.size(), answers ? 0U : 1U);
    orders.clear();
  }
}

// Nothing waits for a reader that does not come back.
TEST_F(InterfacesTest, OneQuestionOfAKindIsUnderWay) {
  serve();
  world.advance(1s);
  for (int i = 0; i < 3; ++i)
    interfaces.look(world.now);
  EXPECT_EQ(orders.size(), 1U);
  EXPECT_EQ(orders_after(10s), 2U);
  EXPECT_EQ(orders_after(10s), 2U);
  interfaces.look(world.now, Interfaces::Urgency::urgent);
  EXPECT_EQ(orders.size(), 2U);
  answer();
  EXPECT_EQ(world.device->identity_calls(), 3U) << "a link has changed: looked at once more";
}

TEST_F(InterfacesTest, AnIncompleteFirstPassServesAndIsFollowedAtOnce) {
  put(make_device(), 5);
  put(*world.device, 6);
  world.device->interrupt_next_dumps(2, [](const PublicKey& key) { return key.bytes[0] == 6; });
  look();
  EXPECT_EQ(interfaces.served(), 1U);
  EXPECT_EQ(world.interface().peers.table().size(), 1U);
  EXPECT_EQ(orders_after(20ms), 1U);
  answer();
  EXPECT_EQ(world.metrics.incomplete_passes.value(), 2U);
  EXPECT_EQ(orders_after(20ms), 1U);
  answer();
  EXPECT_EQ(world.interface().peers.table().size(), 2U);
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
  answer();
  const std::string log = captured_log();
  EXPECT_THAT(log, HasSubstr("interface gone"));
  EXPECT_THAT(log, testing::Not(HasSubstr("cannot read")));
  EXPECT_EQ(interfaces.served(), 0U);
}

} // namespace
} // namespace provisiond::daemon
