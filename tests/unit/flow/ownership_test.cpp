#include "flow_world.hpp"

#include <gtest/gtest.h>

// Whose session it is: what the device shows against what the database tells of it.

namespace provisiond::flow {
namespace {

const test::KeyPair client = test::make_key_pair(2);

using Answer = std::variant<PeerRecord, Refusal>;

Limits as_gateway(const char* name) {
  Limits limits;
  limits.gateway = name;
  limits.run = "this run";
  return limits;
}

void put_by_hand(World& world) {
  std::vector<kernel::PeerChange> changes(1);
  changes[0].key = client.public_key;
  changes[0].allowed_ips = {IpPrefix::parse("10.80.0.2/32").value()};
  ASSERT_TRUE(world.device->apply(changes)[0]);
}

void pass_and_recheck(World& world) {
  world.pass();
  world.flow.commit(world.now);
  world.flow.life().revalidate(world.now);
}

std::vector<SessionOwnership> ownerships_of(World& world) {
  std::vector<SessionOwnership> claims;
  for (DatabaseReport& report : world.recorded.drain(100)) {
    if (SessionOwnership* const claim = std::get_if<SessionOwnership>(&report))
      claims.push_back(*claim);
  }
  return claims;
}

// What the database tells of a session that somebody claimed so long ago.
Answer claimed_by(const World& world, const PublicKey& key, const char* run, Duration ago) {
  Answer answer = World::known(key);
  std::get<PeerRecord>(answer).held_by =
      SessionHolder{.gateway = "a", .interface = "wg0", .run = run, .since = world.now.wall - ago};
  return answer;
}

// A peer that was on the device before us, with a handshake so long ago, and what is said of it.
void find_and_hear(World& world, Duration handshake_ago, const char* gateway,
                   Duration claimed_ago) {
  put_by_hand(world);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall - handshake_ago));
  pass_and_recheck(world);
  world.answer_all([&](const PublicKey& key) {
    Answer answer = claimed_by(world, key, "before", claimed_ago);
    std::get<PeerRecord>(answer).held_by->gateway = gateway;
    return answer;
  });
  world.flow.commit(world.now);
}

TEST(Ownership, AGatewayWithAnotherNameKeepsItsPeersAndClaimsThem) {
  World world{GreetingMode::reverse, as_gateway("a")};
  find_and_hear(world, 30s, "old-name", 30s);
  EXPECT_EQ(world.device->peer_count(), 1U);
  const std::vector<SessionOwnership> claims = ownerships_of(world);
  ASSERT_EQ(claims.size(), 1U);
  EXPECT_EQ(claims[0].at, world.now.wall - 30s);
}

TEST(Ownership, APeerThatCameHereWhileNobodyServedIsClaimed) {
  World world{GreetingMode::reverse, as_gateway("a")};
  find_and_hear(world, 10s, "b", 60s);
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_EQ(ownerships_of(world).size(), 1U);
}

TEST(Ownership, APeerThatWentWhileNobodyServedIsDropped) {
  World world{GreetingMode::reverse, as_gateway("a")};
  find_and_hear(world, 60s, "b", 10s);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.metrics.evictions[Eviction::moved].value(), 1U);
}

TEST(Ownership, ItIsDroppedForAnotherGatewayOfOurNameToo) {
  World world{GreetingMode::reverse, as_gateway("a")};
  find_and_hear(world, 60s, "a", 10s);
  EXPECT_EQ(world.device->peer_count(), 0U);
  EXPECT_EQ(world.metrics.evictions[Eviction::moved].value(), 1U);
}

TEST(Ownership, ARestartHasNothingToTellOfWhatItClaimedBefore) {
  World world{GreetingMode::reverse, as_gateway("a")};
  find_and_hear(world, 30s, "a", 30s);
  EXPECT_EQ(world.device->peer_count(), 1U);
  EXPECT_TRUE(ownerships_of(world).empty());
}

TEST(Ownership, APeerWithoutAHandshakeOfOurNameStays) {
  World world{GreetingMode::reverse, as_gateway("a")};
  put_by_hand(world);
  pass_and_recheck(world);
  world.answer_all([&](const PublicKey& key) { return claimed_by(world, key, "before", 10s); });
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 1U) << "the device was filled from a file";
}

TEST(Ownership, AWallClockThatWasSetBackMakesNoSessionTheLatest) {
  World world{GreetingMode::reverse, as_gateway("a")};
  put_by_hand(world);
  ASSERT_TRUE(world.device->complete_handshake(client.public_key, world.now.wall));
  pass_and_recheck(world);
  world.advance(60s);
  world.now.wall -= 1h;
  world.answer_all([&](const PublicKey& key) { return claimed_by(world, key, "b", 10s); });
  world.flow.commit(world.now);
  EXPECT_EQ(world.device->peer_count(), 0U) << "its handshake is a minute old, whatever is written";
}

TEST(Ownership, APeerOfANetworkThatIsNotThereStaysAndIsAskedForLater) {
  World world;
  world.knows_network = false;
  put_by_hand(world);
  pass_and_recheck(world);
  world.answer_refused(Refusal::other_network);
  EXPECT_EQ(world.device->peer_count(), 1U);
  world.flow.life().revalidate(world.now);
  EXPECT_EQ(world.lookups.size(), 0U) << "not before it is found";
  world.knows_network = true;
  world.advance(1ms);
  world.flow.life().changed({.interface = InterfaceId{0}, .key = std::nullopt}, world.now);
  world.flow.life().revalidate(world.now);
  world.answer_refused(Refusal::other_network);
  EXPECT_EQ(world.device->peer_count(), 0U);
}

} // namespace
} // namespace provisiond::flow
