#include "flow_world.hpp"

#include <gtest/gtest.h>

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);
const test::KeyPair other = test::make_key_pair(3);

Change change_of(std::optional<PublicKey> key) {
  return {.interface = InterfaceId{0}, .key = key};
}

// The client has a session.
void connect(World& world, const char* allowed_ip = "10.80.0.2/32") {
  world.knock(world.sighting_of(client));
  world.answer_all([&](const PublicKey& key) { return World::known(key, allowed_ip); });
  world.advance(30ms);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  world.pass();
  ASSERT_EQ(world.metrics.peers_connected.value(), 1U);
}

void change(World& world, std::optional<PublicKey> key) {
  world.advance(1ms);
  world.flow.life().changed(change_of(key), world.now);
  world.flow.life().revalidate(world.now);
  world.advance(1ms);
}

TEST(Changes, ARefusedKeyThatWasAddedIsAskedForAtItsNextKnock) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::unknown_key);
  world.advance(1s);
  world.knock(world.sighting_of(client));
  ASSERT_EQ(world.refusals(Refusal::known_refused), 1U);

  change(world, client.public_key);
  EXPECT_EQ(world.lookups.size(), 0U); // it is on no device
  world.advance(1s);
  world.knock(world.sighting_of(client));
  world.answer_known();
  EXPECT_NE(world.device->find(client.public_key), nullptr);
}

TEST(Changes, AnyKeyMeansAllRefusedOnes) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_refused(Refusal::unknown_key);
  change(world, std::nullopt);
  world.advance(1s);
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::known_refused), 0U);
  EXPECT_EQ(world.lookups.size(), 1U);
}

TEST(Changes, AnAnswerFromBeforeTheChangeIsNotRemembered) {
  World world;
  world.knock(world.sighting_of(client)); // asked
  change(world, client.public_key);       // added
  world.answer_refused(Refusal::unknown_key);
  world.advance(1s);
  world.knock(world.sighting_of(client));
  EXPECT_EQ(world.refusals(Refusal::known_refused), 0U);
}

TEST(Changes, APeerFromAnAnswerBeforeTheChangeIsAskedForAgain) {
  World world;
  world.knock(world.sighting_of(client)); // asked
  change(world, client.public_key);       // revoked
  world.answer_known();
  ASSERT_NE(world.device->find(client.public_key), nullptr);
  world.flow.life().revalidate(world.now);
  world.answer_refused(Refusal::revoked);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(Changes, ARevokedPeerLeavesTheDevice) {
  for (const Refusal refusal :
       {Refusal::revoked, Refusal::disabled, Refusal::expired, Refusal::other_network}) {
    World world;
    connect(world);
    change(world, client.public_key);
    world.answer_refused(refusal);
    EXPECT_EQ(world.device->peer_count(), 0U) << to_string(refusal);
    EXPECT_EQ(world.interface().peers.table().size(), 0U);
    EXPECT_EQ(world.metrics.peers_removed.value(), 1U);
  }
}

TEST(Changes, APeerThatIsStillGreetedCanBeRevoked) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_known();
  change(world, client.public_key);
  world.answer_refused(Refusal::revoked);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.flow.life().greeted(), 0U);
}

TEST(Changes, APeerThatTheDatabaseNeverKnewStays) {
  World world;
  std::vector<kernel::PeerChange> changes(1);
  changes[0].key = client.public_key;
  ASSERT_TRUE(world.device->apply(changes)[0]);
  world.pass();
  change(world, std::nullopt);
  world.answer_refused(Refusal::unknown_key);
  EXPECT_EQ(world.device->peer_count(), 1U);
}

TEST(Changes, APeerStaysWhileNobodyCanBeAsked) {
  World world;
  connect(world);
  change(world, client.public_key);
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.flow.life().revalidate(world.now); // and is asked for again
  world.answer_refused(Refusal::revoked);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

TEST(Changes, ADeviceFollowsItsRow) {
  World world;
  connect(world);
  change(world, client.public_key);
  world.answer_all([](const PublicKey& key) { return World::known(key, "10.80.0.9/32", 25); });
  ASSERT_NE(world.device->find(client.public_key), nullptr);
  EXPECT_EQ(world.device->find(client.public_key)->allowed_ips,
            std::vector<IpPrefix>{IpPrefix::parse("10.80.0.9/32").value()});
  EXPECT_EQ(world.device->find(client.public_key)->keepalive_seconds, 25);
}

TEST(Changes, ARowThatTakesAnothersAddressTakesThePeerOff) {
  World world;
  connect(world);
  world.knock(world.sighting_of(other));
  world.answer_all([](const PublicKey& key) { return World::known(key, "10.80.0.3/32"); });
  change(world, client.public_key);
  for (int i = 0; i < 5; ++i) {
    world.answer_all([](const PublicKey& key) { return World::known(key, "10.80.0.3/32"); });
    world.advance(1ms);
    world.flow.life().revalidate(world.now);
  }
  EXPECT_EQ(world.device->peer_count(), 1U) << "both rows are fresh and want the same";
  EXPECT_EQ(world.lookups.size(), 0U) << "and that is settled";
}

TEST(Changes, TwoPeersExchangeTheirAddresses) {
  World world;
  connect(world, "10.80.0.2/32");
  world.knock(world.sighting_of(other));
  world.answer_all([](const PublicKey& key) { return World::known(key, "10.80.0.3/32"); });
  change(world, client.public_key);
  change(world, other.public_key);
  for (int i = 0; i < 3; ++i) {
    world.answer_all([](const PublicKey& key) {
      return World::known(key, key == client.public_key ? "10.80.0.3/32" : "10.80.0.2/32");
    });
    world.advance(1ms);
    world.flow.life().revalidate(world.now);
  }
  ASSERT_EQ(world.device->peer_count(), 2U);
  EXPECT_EQ(world.device->find(client.public_key)->allowed_ips,
            std::vector<IpPrefix>{IpPrefix::parse("10.80.0.3/32").value()});
  EXPECT_EQ(world.device->find(other.public_key)->allowed_ips,
            std::vector<IpPrefix>{IpPrefix::parse("10.80.0.2/32").value()});
}

TEST(Changes, LookUpsOfInstalledPeersWaitForRoom) {
  World world;
  connect(world);
  while (world.lookups.push({.interface = InterfaceId{0}, .key = {}, .asked_at = {}})) {
  }
  change(world, client.public_key);
  static_cast<void>(world.lookups.drain(100));
  world.flow.life().revalidate(world.now);
  ASSERT_EQ(world.lookups.size(), 1U);
  world.answer_refused(Refusal::revoked);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

std::variant<PeerRecord, Refusal> row_of(const PublicKey& key, std::int64_t id) {
  std::variant<PeerRecord, Refusal> known = World::known(key);
  std::get<PeerRecord>(known).id = id;
  return known;
}

TEST(Changes, ASecondKeyOfTheSameRowTakesTheAddressesOver) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_all([](const PublicKey& key) { return row_of(key, 7); });
  world.knock(world.sighting_of(other));
  world.answer_all([](const PublicKey& key) { return row_of(key, 7); });
  EXPECT_EQ(world.device->find(client.public_key), nullptr);
  ASSERT_NE(world.device->find(other.public_key), nullptr);
  EXPECT_EQ(world.device->find(other.public_key)->allowed_ips.size(), 1U);
  world.advance(1s);
  world.knock(world.sighting_of(client)); // the old one is still let in
  world.answer_all([](const PublicKey& key) { return row_of(key, 7); });
  EXPECT_EQ(world.device->find(other.public_key), nullptr);
  EXPECT_NE(world.device->find(client.public_key), nullptr);
}

TEST(Changes, AnotherRowsAddressesAreNotTakenOver) {
  World world;
  world.knock(world.sighting_of(client));
  world.answer_all([](const PublicKey& key) { return row_of(key, 7); });
  world.knock(world.sighting_of(other));
  world.answer_all([](const PublicKey& key) { return row_of(key, 8); });
  EXPECT_EQ(world.refusals(Refusal::allowed_ip_conflict), 1U);
  EXPECT_NE(world.device->find(client.public_key), nullptr);
}

TEST(Changes, TwoKeysOfARowInOneTurnAreNotBothInstalled) {
  World world;
  world.knock(world.sighting_of(client));
  world.knock(world.sighting_of(other));
  world.answer_all([](const PublicKey& key) { return row_of(key, 7); });
  EXPECT_EQ(world.device->peer_count(), 1U);
}

} // namespace
} // namespace provisiond::flow
