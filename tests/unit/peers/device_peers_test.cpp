#include "peers/device_peers.hpp"
#include "peers/writer.hpp"
#include "support/fake_wg_device.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <optional>
#include <utility>
#include <vector>

namespace provisiond::peers {
namespace {

using namespace std::chrono_literals;
using Kind = Outcome::Kind;

const IpPrefix address = IpPrefix::parse("10.80.0.2/32").value();

PublicKey number(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

// The peers of a device in memory; the test stands in the place of its thread.
class DevicePeersTest : public testing::Test {
 protected:
  DevicePeersTest() { peers.publish({0}, keys); }

  Peer& install(std::uint8_t fill) {
    std::vector<kernel::PeerChange> changes(1);
    changes[0].key = number(fill);
    changes[0].preshared_key.emplace();
    changes[0].allowed_ips.emplace({address});
    return peers.install(number(fill), std::array{address}, std::move(changes));
  }
  Peer& adopt(const PublicKey& key) {
    kernel::PeerState state;
    state.key = key;
    return peers.adopt(state, Idle{});
  }
  std::optional<Batch> hand_over() { return peers.next_batch(now); }
  std::vector<Outcome> answer(Batch&& batch) {
    std::vector<Status> statuses = apply(device, batch);
    return peers.acknowledge({.batch = std::move(batch), .statuses = std::move(statuses)}, now);
  }
  std::vector<Outcome> exchange() {
    std::optional<Batch> batch = hand_over();
    return batch ? answer(std::move(*batch)) : std::vector<Outcome>{};
  }
  bool is_installed_key(std::uint8_t fill) {
    return keys.with([&](const InstalledKeys& installed) {
      return installed.contains({.interface = {0}, .key = number(fill)});
    });
  }
  std::optional<PeerStage> stage(std::uint8_t fill) {
    const Peer* const peer = peers.table().find(number(fill));
    return peer == nullptr ? std::nullopt : std::optional{peer->stage()};
  }

  TimePoint now = TimePoint{} + 1h;
  test::FakeWgDevice device;
  Guarded<InstalledKeys> keys;
  DevicePeers peers;
};

TEST_F(DevicePeersTest, APeerIsOnTheDeviceWhenTheDeviceHasAcknowledgedIt) {
  install(1);
  EXPECT_EQ(stage(1), PeerStage::installing);
  EXPECT_TRUE(is_installed_key(1)) << "its handshakes are not looked up again meanwhile";
  const std::vector<Outcome> outcomes = exchange();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, Kind::installed);
  EXPECT_EQ(stage(1), PeerStage::greeting);
}

TEST_F(DevicePeersTest, OneBatchIsUnderWayAtATime) {
  install(1);
  std::optional<Batch> first = hand_over();
  ASSERT_TRUE(first);
  peers.remove(number(1), {.reason = "revoked"});
  install(2);
  EXPECT_FALSE(hand_over());
  EXPECT_TRUE(answer(std::move(*first)).empty()) << "it is revoked already";
  const std::vector<Outcome> outcomes = exchange();
  ASSERT_EQ(outcomes.size(), 2U);
  EXPECT_EQ(outcomes[0].kind, Kind::removed);
  EXPECT_EQ(outcomes[1].kind, Kind::installed);
  EXPECT_EQ(device.peer_count(), 1U);
}

TEST_F(DevicePeersTest, ACreationThatTheDeviceHasNotSeenIsTakenBack) {
  install(1);
  peers.remove(number(1), {.reason = "revoked"});
  EXPECT_EQ(stage(1), std::nullopt);
  EXPECT_FALSE(is_installed_key(1));
  EXPECT_FALSE(hand_over());
}

TEST_F(DevicePeersTest, APeerThatLeavesIsForgottenWhenTheDeviceHasForgottenIt) {
  install(1);
  exchange();
  peers.remove(number(1), {.reason = "revoked"});
  EXPECT_EQ(stage(1), PeerStage::leaving);
  EXPECT_TRUE(is_installed_key(1));
  EXPECT_FALSE(peers.allowed_ips().owner_of(address)) << "the next one may have it";
  const std::vector<Outcome> outcomes = exchange();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, Kind::removed);
  EXPECT_EQ(outcomes[0].departure.reason, "revoked");
  EXPECT_EQ(stage(1), std::nullopt);
  EXPECT_FALSE(is_installed_key(1));
}

TEST_F(DevicePeersTest, AnEvictionMayBeReversedUntilItIsHandedOver) {
  for (const std::uint8_t fill : {std::uint8_t{1}, std::uint8_t{2}}) {
    Peer& peer = adopt(number(fill));
    peers.evict(number(fill), peer, Departure::of(Eviction::idle));
  }
  peers.table().advance(*peers.table().find(number(1)), Live{});
  const std::vector<Outcome> outcomes = exchange();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].key, number(2));
  EXPECT_EQ(stage(1), PeerStage::live);
}

TEST_F(DevicePeersTest, EvictionsGoABatchAtATimeAndDelayNoNewPeer) {
  for (int i = 0; i < 600; ++i) {
    PublicKey key = number(9);
    key.bytes[0] = static_cast<std::uint8_t>(i);
    key.bytes[1] = static_cast<std::uint8_t>(i >> 8);
    peers.evict(key, adopt(key), Departure::of(Eviction::stale));
  }
  install(1);
  const std::vector<Outcome> outcomes = exchange();
  EXPECT_EQ(outcomes.size(), 65U);
  EXPECT_EQ(stage(1), PeerStage::greeting);
  EXPECT_TRUE(peers.has_departures());
}

TEST_F(DevicePeersTest, WhatTheDeviceHasMadeOfAPeerThatItRefusesIsTakenOff) {
  device.refuse(test::FakeWgDevice::Attribute::allowed_ips, EINVAL);
  install(1);
  std::vector<Outcome> outcomes = exchange();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, Kind::refused);
  EXPECT_EQ(device.peer_count(), 1U) << "the creation itself was applied";
  outcomes = exchange();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, Kind::removed);
  EXPECT_EQ(device.peer_count(), 0U);
  EXPECT_EQ(stage(1), std::nullopt);
}

TEST_F(DevicePeersTest, AChangeThatTheDeviceRefusesIsTold) {
  install(1);
  exchange();
  device.refuse(test::FakeWgDevice::Attribute::preshared_key, EINVAL);
  std::vector<kernel::PeerChange> changes(1);
  changes[0].action = kernel::PeerChange::Action::update;
  changes[0].key = number(1);
  changes[0].preshared_key.emplace();
  peers.change(*peers.table().find(number(1)), std::move(changes));
  const std::vector<Outcome> outcomes = exchange();
  ASSERT_EQ(outcomes.size(), 1U);
  EXPECT_EQ(outcomes[0].kind, Kind::not_changed);
}

TEST_F(DevicePeersTest, WhatADeviceDoesNotAnswerIsSentAgainAfterAPause) {
  for (const int code : {EAGAIN, ETIMEDOUT, ECONNREFUSED, ECONNRESET}) {
    device.fail_next_changes(1, code);
    install(1);
    EXPECT_TRUE(exchange().empty()) << code;
    EXPECT_EQ(stage(1), PeerStage::installing);
    EXPECT_FALSE(hand_over()) << "not at once";
    now += DeviceQueue::pause;
    EXPECT_EQ(exchange().at(0).kind, Kind::installed);
    peers.remove(number(1), {.reason = "revoked"});
    exchange();
  }
}

TEST_F(DevicePeersTest, APeerThatCannotBeTakenOffStaysOneUntilItCan) {
  install(1);
  exchange();
  device.fail_next_changes(1, EPERM);
  peers.remove(number(1), {.reason = "revoked"});
  EXPECT_TRUE(exchange().empty());
  EXPECT_EQ(stage(1), PeerStage::leaving);
  now += DeviceQueue::pause;
  EXPECT_EQ(exchange().at(0).kind, Kind::removed);
}

TEST_F(DevicePeersTest, ADeviceThatIsGoneForgetsAllAndItsAnswersAreOfNoUse) {
  install(1);
  std::optional<Batch> batch = hand_over();
  ASSERT_TRUE(batch);
  peers.clear();
  EXPECT_FALSE(is_installed_key(1));
  install(1); // on the next device
  EXPECT_TRUE(answer(std::move(*batch)).empty());
  EXPECT_EQ(stage(1), PeerStage::installing);
  EXPECT_EQ(exchange().at(0).kind, Kind::installed);
}

// A pass that shows the device as it was is no witness against what the device has acknowledged.
TEST_F(DevicePeersTest, APassThatBeganBeforeTheAcknowledgementSaysNothingOfThePeer) {
  install(1);
  peers.table().begin_pass();
  EXPECT_TRUE(peers.table().is_changed(*peers.table().find(number(1))));
  exchange();
  EXPECT_TRUE(peers.table().is_seen(*peers.table().find(number(1))));
  EXPECT_TRUE(peers.table().is_changed(*peers.table().find(number(1))));
  peers.table().begin_pass();
  EXPECT_FALSE(peers.table().is_changed(*peers.table().find(number(1))));
}

} // namespace
} // namespace provisiond::peers
