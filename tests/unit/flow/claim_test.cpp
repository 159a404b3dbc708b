#include "flow_world.hpp"

#include <gtest/gtest.h>

// What the flow does with what the kernel says: keys without bytes, and keys with them.

namespace provisiond::flow {
namespace {

Sighting claim_of(World& world, const PublicKey& key, const char* from = "192.0.2.2:4000") {
  Sighting sighting = world.sighting({}, from);
  sighting.seen_by = SourceKind::netlink;
  sighting.claimed = ClaimedKey{key};
  return sighting;
}

// As the probe reports it: bytes, MAC state and key.
Sighting told_by_kernel(World& world, const test::KeyPair& client) {
  Sighting sighting = world.sighting_of(client);
  sighting.seen_by = SourceKind::probe;
  sighting.mac_state = MacState::mac1;
  sighting.claimed = ClaimedKey{client.public_key};
  return sighting;
}

TEST(Claim, IsLookedUpInstalledAndGreetedInReverse) {
  World world{GreetingMode::resubmit};
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(claim_of(world, client.public_key));
  EXPECT_EQ(world.metrics.proofs.value(), 0U);
  world.answer_known();
  ASSERT_NE(world.device->find(client.public_key), nullptr);
  EXPECT_EQ(world.metrics.greetings[metrics::GreetingKind::reverse].value(), 1U);
  EXPECT_TRUE(world.sender.packets.empty());
}

TEST(Claim, HasABudgetPerKeyAndNetwork) {
  World world;
  const PublicKey victim = test::make_key_pair(2).public_key;
  for (int i = 0; i < 3; ++i) {
    world.knock(claim_of(world, victim, "198.51.100.9:1"));
    world.answer_refused(Refusal::unknown_key);
  }
  EXPECT_EQ(world.refusals(Refusal::claim_budget), 1U);
  world.knock(claim_of(world, victim, "192.0.2.2:4000"));
  EXPECT_EQ(world.lookups.size(), 1U) << "another network has a budget of its own";
}

TEST(Claim, HasATotal) {
  World world;
  for (std::uint8_t i = 0; i < 5; ++i) {
    world.knock(claim_of(world, test::make_key_pair(static_cast<std::uint8_t>(10 + i)).public_key));
    world.answer_refused(Refusal::unknown_key);
  }
  EXPECT_EQ(world.refusals(Refusal::unknown_key), 4U);
  EXPECT_EQ(world.refusals(Refusal::claim_budget), 1U);
}

TEST(Claim, IsNeverRememberedSoThatNobodyIsLockedOut) {
  World world;
  const test::KeyPair victim = test::make_key_pair(2);
  world.knock(claim_of(world, victim.public_key, "198.51.100.9:1"));
  world.answer_refused(Refusal::unknown_key);
  EXPECT_TRUE(world.source.refused.empty());
  world.knock(world.sighting_of(victim));
  EXPECT_EQ(world.lookups.size(), 1U) << "its holder is looked up";
}

TEST(Claim, InFlightDoesNotStandInTheWayOfAProof) {
  World world;
  const test::KeyPair victim = test::make_key_pair(2);
  world.knock(claim_of(world, victim.public_key, "198.51.100.9:1"));
  world.knock(claim_of(world, victim.public_key, "198.51.100.9:2"));
  EXPECT_EQ(world.refusals(Refusal::lookup_in_flight), 1U);
  world.knock(world.sighting_of(victim));
  EXPECT_EQ(world.lookups.size(), 2U);
  world.answer_known();
  EXPECT_EQ(world.metrics.peers_installed.value(), 1U);
  EXPECT_EQ(world.refusals(Refusal::already_installed), 1U);
}

TEST(Claim, WithoutKeyOrBytesIsRefused) {
  World world;
  world.knock(world.sighting({}));
  EXPECT_EQ(world.refusals(Refusal::undecryptable_static), 1U);
}

TEST(KeyFromTheKernel, StillHasToBeProven) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(told_by_kernel(world, client));
  EXPECT_EQ(world.metrics.proofs.value(), 1U);
  EXPECT_EQ(world.lookups.size(), 1U);
}

TEST(KeyFromTheKernel, CostsNoKeyAgreementWhenItNeedsNoProof) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(told_by_kernel(world, client));
  world.answer_refused(Refusal::disabled);
  const std::uint64_t claims = world.metrics.claims.value();
  world.advance(2s);
  world.knock(told_by_kernel(world, client));
  EXPECT_EQ(world.refusals(Refusal::known_refused), 1U);
  world.knock(told_by_kernel(world, world.gateway()));
  EXPECT_EQ(world.refusals(Refusal::own_key), 1U);
  EXPECT_EQ(world.metrics.claims.value(), claims);
}

TEST(KeyFromTheKernel, IsRefusedThereForAsLongAsItIsHere) {
  World world;
  const test::KeyPair client = test::make_key_pair(2);
  world.knock(told_by_kernel(world, client));
  const TimePoint until = world.now.steady + 30s;
  world.answer_refused(Refusal::unknown_key);
  ASSERT_EQ(world.source.refused.size(), 1U);
  EXPECT_EQ(world.source.refused[0].first.key, client.public_key);
  EXPECT_EQ(world.source.refused[0].second, until);
  world.advance(2s);
  world.knock(told_by_kernel(world, client)); // forgotten by the kernel: told again, not for longer
  ASSERT_EQ(world.source.refused.size(), 2U);
  EXPECT_EQ(world.source.refused[1].second, until);
}

TEST(KeyFromTheKernel, IsNotRefusedThereForWantOfAnAnswer) {
  World world;
  world.knock(told_by_kernel(world, test::make_key_pair(2)));
  world.answer_refused(Refusal::database_unavailable);
  EXPECT_TRUE(world.source.refused.empty());
}

} // namespace
} // namespace provisiond::flow
