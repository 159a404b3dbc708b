#include "flow_world.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <set>

// A device that is changed while it is read: every pass over it is incomplete, and may not show
// some of the peers.

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);
const test::KeyPair other = test::make_key_pair(3);

using Answer = std::variant<PeerRecord, Refusal>;
using Keys = std::set<PublicKey>;

Answer row(const PublicKey& key, const char* prefix = "10.80.0.2/32") {
  return World::known(key, prefix);
}

// An incomplete pass that does not show these, and what it decided goes to the device.
void incomplete_pass(World& world, const Keys& hidden = {}) {
  world.device->interrupt_next_dumps(1,
                                     [&](const PublicKey& key) { return !hidden.contains(key); });
  world.pass();
  world.flow.commit(world.now);
}

void install(World& world, const test::KeyPair& who, const char* prefix = "10.80.0.2/32") {
  world.knock(world.sighting_of(who));
  world.answer_all([&](const PublicKey& key) { return row(key, prefix); });
  ASSERT_NE(world.device->find(who.public_key), nullptr);
}

void connect(World& world, const test::KeyPair& who, const char* prefix = "10.80.0.2/32") {
  install(world, who, prefix);
  ASSERT_TRUE(world.device->complete_handshake(who.public_key, world.now.wall));
  incomplete_pass(world);
  ASSERT_EQ(world.interface().peers.table().find(who.public_key)->stage(), PeerStage::live);
}

void put_by_hand(World& world, const test::KeyPair& who, const char* prefix) {
  std::vector<kernel::PeerChange> changes(1);
  changes[0].key = who.public_key;
  changes[0].allowed_ips = {IpPrefix::parse(prefix).value()};
  ASSERT_TRUE(world.device->apply(changes)[0]);
}

void take_by_hand(World& world, const test::KeyPair& who) {
  std::vector<kernel::PeerChange> changes(1);
  changes[0].key = who.public_key;
  changes[0].action = kernel::PeerChange::Action::remove;
  ASSERT_TRUE(world.device->apply(changes)[0]);
}

TEST(BusyDevice, APeerThatIsShownConnectsAndItsSessionIsClaimed) {
  World world;
  connect(world, client);
  EXPECT_EQ(world.metrics.peers_connected.value(), 1U);
  const std::vector<DatabaseReport> reports = world.recorded.drain(10);
  ASSERT_EQ(reports.size(), 2U);
  EXPECT_TRUE(std::holds_alternative<SessionOwnership>(reports[0]));
  const InterfaceReport* const report = std::get_if<InterfaceReport>(&reports[1]);
  ASSERT_NE(report, nullptr);
  EXPECT_EQ(report->peers, 1U);
  EXPECT_EQ(report->active.size(), 1U);
}

TEST(BusyDevice, AReportCountsPeersThatThePassDidNotShow) {
  World world;
  connect(world, client);
  static_cast<void>(world.recorded.drain(10));
  world.advance(61s);
  incomplete_pass(world, {client.public_key});
  const std::vector<DatabaseReport> reports = world.recorded.drain(10);
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(std::get<InterfaceReport>(reports[0]).peers, 1U);
}

TEST(BusyDevice, ADeadlineFiresForAPeerThatIsShown) {
  World world;
  install(world, client);
  world.advance(15s);
  incomplete_pass(world);
  EXPECT_EQ(world.refusals(Refusal::never_connected), 1U);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(BusyDevice, ALostGreetingIsRepeated) {
  World world;
  install(world, client);
  world.device->forget_history();
  world.advance(1s);
  incomplete_pass(world, {client.public_key});
  EXPECT_TRUE(world.device->changes().empty()) << "it may have a session";
  incomplete_pass(world);
  EXPECT_FALSE(world.device->changes().empty());
}

// It is not known whether it has a session by now.
TEST(BusyDevice, NoDeadlineCutsAPeerThatIsNotShown) {
  World world;
  install(world, client);
  world.device->complete_handshake(client.public_key, world.now.wall);
  world.advance(15s);
  for (unsigned i = 1; i < PeerTable::most_passes_missed; ++i)
    incomplete_pass(world, {client.public_key});
  EXPECT_EQ(world.flow.life().greeted(), 1U);
  incomplete_pass(world);
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(world.metrics.peers_connected.value(), 1U);
}

// It is forgotten then, not cut: should it be there all the same, it is adopted.
TEST(BusyDevice, AGreetedPeerThatIsNeverShownIsForgottenAndKeepsItsSession) {
  World world;
  install(world, client);
  world.device->complete_handshake(client.public_key, world.now.wall);
  for (unsigned i = 0; i < PeerTable::most_passes_missed; ++i)
    incomplete_pass(world, {client.public_key});
  EXPECT_EQ(world.flow.life().greeted(), 0U);
  EXPECT_EQ(world.refusals(Refusal::never_connected), 1U);
  EXPECT_EQ(world.device->peer_count(), 1U) << "nothing is cut";
  incomplete_pass(world);
  world.flow.life().revalidate(world.now);
  world.answer_all([](const PublicKey& key) { return row(key); });
  EXPECT_EQ(world.metrics.peers_adopted.value(), 1U);
  EXPECT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::live);
}

TEST(BusyDevice, AnIdlePeerLeaves) {
  World world;
  connect(world, client);
  for (int i = 0; i < 62; ++i) {
    world.advance(10s);
    incomplete_pass(world);
  }
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.metrics.evictions[Eviction::idle].value(), 1U);
}

// What was known of it is old.
TEST(BusyDevice, APeerThatIsNotShownIsNeitherIdleNorMakesRoom) {
  World world;
  world.interface().max_peers = 1;
  connect(world, client);
  world.advance(180s);
  incomplete_pass(world);
  ASSERT_EQ(world.interface().peers.table().find(client.public_key)->stage(), PeerStage::idle);
  world.device->complete_handshake(client.public_key, world.now.wall);
  world.advance(10min);
  incomplete_pass(world, {client.public_key});
  world.knock(world.sighting_of(other));
  world.answer_all([](const PublicKey& key) { return row(key, "10.80.0.3/32"); });
  EXPECT_EQ(world.refusals(Refusal::interface_full), 1U);
  EXPECT_NE(world.device->find(client.public_key), nullptr);
}

TEST(BusyDevice, OnePassThatDoesNotShowAPeerIsNoProof) {
  World world;
  connect(world, client);
  incomplete_pass(world, {client.public_key});
  EXPECT_EQ(world.interface().peers.table().size(), 1U);
  incomplete_pass(world);
  for (unsigned i = 1; i < PeerTable::most_passes_missed; ++i)
    incomplete_pass(world, {client.public_key});
  EXPECT_EQ(world.interface().peers.table().size(), 1U) << "they count in a row only";
}

TEST(BusyDevice, APeerThatAnotherRemovedMayComeBackInTheEnd) {
  World world;
  connect(world, client);
  take_by_hand(world, client);
  for (unsigned i = 0; i < PeerTable::most_passes_missed; ++i)
    incomplete_pass(world);
  EXPECT_EQ(world.interface().peers.table().size(), 0U);
  world.advance(2s);
  install(world, client);
}

TEST(BusyDevice, ACompletePassTellsAtOnceThatAPeerIsGone) {
  World world;
  connect(world, client);
  take_by_hand(world, client);
  incomplete_pass(world);
  EXPECT_EQ(world.interface().peers.table().size(), 1U);
  world.pass();
  EXPECT_EQ(world.interface().peers.table().size(), 0U);
}

TEST(BusyDevice, PeersThatWereThereAreAdoptedAsTheyAreShown) {
  World world;
  world.interface().known = Interface::Known::none;
  put_by_hand(world, client, "10.80.0.2/32");
  put_by_hand(world, other, "10.80.0.3/32");
  incomplete_pass(world, {other.public_key});
  EXPECT_EQ(world.interface().known, Interface::Known::some);
  incomplete_pass(world);
  world.flow.life().revalidate(world.now);
  world.answer_all([](const PublicKey& key) {
    return row(key, key == client.public_key ? "10.80.0.2/32" : "10.80.0.3/32");
  });
  EXPECT_EQ(world.metrics.peers_adopted.value(), 2U);
  EXPECT_EQ(world.interface().known, Interface::Known::some);
  world.pass();
  EXPECT_EQ(world.interface().known, Interface::Known::all);
  incomplete_pass(world);
  EXPECT_EQ(world.interface().known, Interface::Known::all) << "what comes later is found";
}

// By a wall clock that was set, its last handshake is long ago.
TEST(BusyDevice, APeerThatIsFoundLateHasASessionsLifetimeBeforeItIsIdle) {
  World world;
  put_by_hand(world, client, "10.80.0.2/32");
  world.device->complete_handshake(client.public_key, world.now.wall);
  incomplete_pass(world, {client.public_key});
  world.advance(10min);
  world.device->complete_handshake(client.public_key, world.now.wall);
  world.now.wall += 1h;
  for (int i = 0; i < 3; ++i) {
    incomplete_pass(world);
    world.flow.life().revalidate(world.now);
    world.answer_all([](const PublicKey& key) { return row(key); });
    world.advance(1min - 1s);
  }
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.advance(1min);
  for (int i = 0; i < 2; ++i)
    incomplete_pass(world);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

// A change that the device takes in part, and one that takes long.

TEST(BusyDevice, APeerThatIsRefusedForOneAttributeEndsAndCanTryAgain) {
  for (const test::FakeWgDevice::Attribute attribute :
       {test::FakeWgDevice::Attribute::preshared_key, test::FakeWgDevice::Attribute::endpoint,
        test::FakeWgDevice::Attribute::allowed_ips, test::FakeWgDevice::Attribute::keepalive}) {
    World world;
    world.device->refuse(attribute, EINVAL);
    world.knock(world.sighting_of(client));
    const auto with_all = [](const PublicKey& key) {
      Answer answer = row(key);
      std::get<PeerRecord>(answer).preshared_key.emplace();
      std::get<PeerRecord>(answer).keepalive_seconds = 25;
      return answer;
    };
    world.answer_all(with_all);
    EXPECT_EQ(world.refusals(Refusal::device_refused), 1U);
    EXPECT_EQ(world.interface().peers.table().size(), 0U);
    world.device->refuse(attribute, 0);
    world.advance(2s);
    world.knock(world.sighting_of(client));
    world.answer_all(with_all);
    EXPECT_EQ(world.metrics.peers_installed.value(), 1U);
    EXPECT_EQ(world.device->find(client.public_key)->allowed_ips.size(), 1U);
  }
}

TEST(BusyDevice, ADeadlineCountsFromTheAnswerOfASlowDevice) {
  World world;
  world.device->answer_late([&] { world.advance(2s); });
  install(world, client);
  world.device->answer_late({});
  world.advance(14s);
  incomplete_pass(world);
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.advance(1s);
  incomplete_pass(world);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

} // namespace
} // namespace provisiond::flow
