#include "support/fake_wg_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <thread>

namespace provisiond::test {
namespace {

using kernel::PeerChange;
using kernel::PeerList;
using kernel::PeerState;
using testing::ElementsAre;
using testing::IsEmpty;

PublicKey key_of(std::uint8_t fill) {
  PublicKey key;
  key.bytes.fill(fill);
  return key;
}

IpPrefix prefix(std::string_view text) {
  return IpPrefix::parse(text).value();
}

Endpoint endpoint(std::string_view text) {
  return Endpoint::parse(text).value();
}

PeerChange change_of(PeerChange::Action action, std::uint8_t fill) {
  PeerChange change;
  change.action = action;
  change.key = key_of(fill);
  return change;
}

PeerChange set_with_ips(std::uint8_t fill, std::vector<IpPrefix> prefixes) {
  PeerChange change = change_of(PeerChange::Action::set, fill);
  change.allowed_ips = std::move(prefixes);
  return change;
}

Status apply_one(FakeWgDevice& device, const PeerChange& change) {
  return device.apply(std::span{&change, 1}).front();
}

TEST(FakeWgDevice, SetCreatesAndAbsentFieldsStay) {
  FakeWgDevice device;
  PeerChange change = set_with_ips(1, {prefix("10.0.0.1/32")});
  change.endpoint = endpoint("192.0.2.1:1000");
  change.preshared_key = Secret<32>{key_of(9).bytes};
  ASSERT_TRUE(apply_one(device, change));
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 1)));

  const PeerState* peer = device.find(key_of(1));
  ASSERT_NE(peer, nullptr);
  EXPECT_EQ(peer->endpoint, endpoint("192.0.2.1:1000"));
  EXPECT_THAT(peer->allowed_ips, ElementsAre(prefix("10.0.0.1/32")));
  EXPECT_TRUE(device.has_preshared_key(key_of(1), Secret<32>{key_of(9).bytes}));
  EXPECT_FALSE(device.has_preshared_key(key_of(1), Secret<32>{key_of(8).bytes}));
  EXPECT_EQ(device.apply_calls(), 2U);
  EXPECT_EQ(device.changes().size(), 2U);
}

TEST(FakeWgDevice, UpdateAndRemoveOfAMissingPeerDoNothing) {
  FakeWgDevice device;
  EXPECT_TRUE(apply_one(device, change_of(PeerChange::Action::update, 1)));
  EXPECT_TRUE(apply_one(device, change_of(PeerChange::Action::remove, 1)));
  EXPECT_EQ(device.peer_count(), 0U);
}

TEST(FakeWgDevice, AllowedIpMovesSilently) {
  FakeWgDevice device;
  ASSERT_TRUE(apply_one(device, set_with_ips(1, {prefix("10.0.0.1/32"), prefix("10.0.0.2/32")})));
  ASSERT_TRUE(apply_one(device, set_with_ips(2, {prefix("10.0.0.2/32")})));
  EXPECT_THAT(device.find(key_of(1))->allowed_ips, ElementsAre(prefix("10.0.0.1/32")));
  EXPECT_THAT(device.find(key_of(2))->allowed_ips, ElementsAre(prefix("10.0.0.2/32")));
}

TEST(FakeWgDevice, AllowedIpsAreReplacedAndFreedByRemoval) {
  FakeWgDevice device;
  ASSERT_TRUE(apply_one(device, set_with_ips(1, {prefix("10.0.0.1/32")})));
  ASSERT_TRUE(apply_one(device, set_with_ips(1, {})));
  EXPECT_THAT(device.find(key_of(1))->allowed_ips, IsEmpty());
  ASSERT_TRUE(apply_one(device, set_with_ips(1, {prefix("10.0.0.3/32")})));
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::remove, 1)));
  EXPECT_EQ(device.find(key_of(1)), nullptr);
  ASSERT_TRUE(apply_one(device, set_with_ips(2, {prefix("10.0.0.3/32")})));
  EXPECT_THAT(device.find(key_of(2))->allowed_ips, ElementsAre(prefix("10.0.0.3/32")));
}

TEST(FakeWgDevice, OwnKeyIsIgnored) {
  FakeWgDevice device;
  const Secret<32> secret{key_of(5).bytes};
  device.set_private_key(secret.bytes());
  PeerChange change;
  crypto_scalarmult_base(change.key.bytes.data(), secret.bytes().data());
  EXPECT_TRUE(apply_one(device, change));
  EXPECT_EQ(device.peer_count(), 0U);
}

TEST(FakeWgDevice, KeepaliveFromZeroInitiatesOnceAnEndpointIsKnown) {
  FakeWgDevice device;
  PeerChange change = change_of(PeerChange::Action::set, 1);
  change.keepalive_seconds = 25;
  ASSERT_TRUE(apply_one(device, change));
  EXPECT_THAT(device.initiations(), IsEmpty());
  change.endpoint = endpoint("192.0.2.1:1000");
  ASSERT_TRUE(apply_one(device, change));
  EXPECT_THAT(device.initiations(), IsEmpty());
  change.keepalive_seconds = 0;
  ASSERT_TRUE(apply_one(device, change));
  change.keepalive_seconds = 1;
  ASSERT_TRUE(apply_one(device, change));
  EXPECT_THAT(device.initiations(), ElementsAre(key_of(1)));
}

TEST(FakeWgDevice, FailuresHitTheNextChangesOnly) {
  FakeWgDevice device;
  device.fail_next_changes(1, EPERM);
  std::vector<PeerChange> changes;
  changes.push_back(change_of(PeerChange::Action::set, 1));
  changes.push_back(change_of(PeerChange::Action::set, 2));
  const std::vector<Status> statuses = device.apply(changes);
  ASSERT_EQ(statuses.size(), 2U);
  ASSERT_FALSE(statuses[0]);
  EXPECT_EQ(statuses[0].error().code(), EPERM);
  EXPECT_TRUE(statuses[1]);
  EXPECT_EQ(device.find(key_of(1)), nullptr);
  EXPECT_NE(device.find(key_of(2)), nullptr);

  device.fail_next_identities(1, EIO);
  EXPECT_EQ(device.identity().error().code(), EIO);
  EXPECT_TRUE(device.identity());
  device.fail_next_dumps(1, EINTR);
  EXPECT_EQ(device.peers().error().code(), EINTR);
  EXPECT_TRUE(device.peers());
}

TEST(FakeWgDevice, FullDeviceIsOutOfMemoryAsInTheKernel) {
  FakeWgDevice device{{.maximum_peers = 1}};
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 1)));
  EXPECT_EQ(apply_one(device, change_of(PeerChange::Action::set, 2)).error().code(), ENOMEM);
  EXPECT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 1)));
}

TEST(FakeWgDevice, RemoteDeviceMovesState) {
  FakeWgDevice device;
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 1)));
  const WallTime at{std::chrono::seconds{1'700'000'000}};
  EXPECT_TRUE(device.complete_handshake(key_of(1), at));
  EXPECT_TRUE(device.roam(key_of(1), endpoint("[2001:db8::1]:7")));
  EXPECT_TRUE(device.count_traffic(key_of(1), 10, 20));
  EXPECT_FALSE(device.complete_handshake(key_of(2), at));
  const Result<PeerList> list = device.peers();
  ASSERT_TRUE(list);
  EXPECT_TRUE(list->is_complete);
  ASSERT_EQ(list->peers.size(), 1U);
  const PeerState& peer = list->peers.front();
  EXPECT_EQ(peer.last_handshake, at);
  EXPECT_EQ(peer.endpoint, endpoint("[2001:db8::1]:7"));
  EXPECT_EQ(peer.received_bytes, 10U);
  EXPECT_EQ(peer.sent_bytes, 20U);
}

TEST(FakeWgDevice, AnInterruptedDumpShowsWhatItShowsAsItIs) {
  FakeWgDevice device;
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 1)));
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 2)));
  ASSERT_TRUE(device.complete_handshake(key_of(2), WallTime{std::chrono::seconds{5}}));
  device.interrupt_next_dumps(1, [](const PublicKey& key) { return key == key_of(2); });
  const PeerList some = device.peers().value();
  EXPECT_FALSE(some.is_complete);
  ASSERT_EQ(some.peers.size(), 1U);
  EXPECT_EQ(some.peers[0].last_handshake, WallTime{std::chrono::seconds{5}});
  const PeerList all = device.peers().value();
  EXPECT_TRUE(all.is_complete);
  EXPECT_EQ(all.peers.size(), 2U);
}

TEST(FakeWgDevice, WhatComesBeforeARefusedAttributeIsApplied) {
  FakeWgDevice device;
  device.refuse(FakeWgDevice::Attribute::allowed_ips, ENOMEM);
  PeerChange change = change_of(PeerChange::Action::set, 1);
  change.endpoint = endpoint("192.0.2.1:1");
  change.allowed_ips = {prefix("10.0.0.1/32")};
  change.keepalive_seconds = 25;
  EXPECT_EQ(apply_one(device, clone(change)).error().code(), ENOMEM);
  ASSERT_NE(device.find(key_of(1)), nullptr);
  EXPECT_EQ(device.find(key_of(1))->endpoint, endpoint("192.0.2.1:1"));
  EXPECT_EQ(device.find(key_of(1))->keepalive_seconds, 0);
  EXPECT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 2))) << "it carries none";
  device.refuse(FakeWgDevice::Attribute::allowed_ips, 0);
  EXPECT_TRUE(apply_one(device, std::move(change)));
  EXPECT_EQ(device.find(key_of(1))->keepalive_seconds, 25);
}

TEST(FakeWgDevice, ACallHangsUntilItIsReleased) {
  FakeWgDevice device;
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 1)));
  device.hang();
  std::size_t shown = 0;
  std::thread caller{[&] { shown = device.peers().value().peers.size(); }};
  device.wait_until_it_hangs();
  device.release();
  caller.join();
  EXPECT_EQ(shown, 1U);
}

TEST(FakeWgDevice, WhatHappensBeforeALateAnswerIsInIt) {
  FakeWgDevice device;
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 1)));
  device.answer_late(
      [&] { device.complete_handshake(key_of(1), WallTime{std::chrono::seconds{5}}); });
  EXPECT_EQ(device.peers().value().peers[0].last_handshake, WallTime{std::chrono::seconds{5}});
}

TEST(FakeWgDevice, DeletedInterfaceIsGone) {
  FakeWgDevice device;
  ASSERT_TRUE(apply_one(device, change_of(PeerChange::Action::set, 1)));
  device.delete_interface();
  EXPECT_EQ(apply_one(device, change_of(PeerChange::Action::set, 1)).error().code(), ENODEV);
  EXPECT_EQ(device.identity().error().code(), ENODEV);
  EXPECT_EQ(device.peers().error().code(), ENODEV);
  EXPECT_EQ(device.peer_count(), 0U);
}

} // namespace
} // namespace provisiond::test
