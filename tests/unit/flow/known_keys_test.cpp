// What the filter of known keys lets through to proof and look-up.

#include "flow_world.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace provisiond::flow {
namespace {

constexpr std::uint64_t chances = 2; // that a prefix has in the World

// A gateway that knows the keys of the database: none at first.
class KnownKeysTest : public testing::Test {
 protected:
  KnownKeysTest() { world.known_keys.replace({}, {}); }

  void register_key(const test::KeyPair& pair) {
    static_cast<void>(world.known_keys.add({.interface = {}, .key = pair.public_key}));
  }
  // A flood of key pairs from one network.
  void strangers(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i)
      world.knock(world.sighting_of(test::make_key_pair(1'000 + i)));
  }

  World world;
  test::KeyPair device = test::make_key_pair(2);
};

TEST_F(KnownKeysTest, StrangersCostNoLookUpsBeyondTheirSecondChance) {
  strangers(8);
  EXPECT_EQ(world.lookups.size(), chances);
  EXPECT_EQ(world.metrics.proofs.value(), chances) << "nor the second key agreement";
  EXPECT_EQ(world.metrics.claims.value(), 8U);
  EXPECT_EQ(world.metrics.second_chances.value(), chances);
  EXPECT_EQ(world.refusals(Refusal::not_in_filter), 8 - chances);
}

TEST_F(KnownKeysTest, ADeviceThatIsRegisteredGetsInAmongThem) {
  register_key(device);
  strangers(8);
  world.answer_refused(Refusal::unknown_key);
  world.knock(world.sighting_of(device));
  world.answer_known();
  EXPECT_EQ(world.metrics.peers_installed.value(), 1U);
}

TEST_F(KnownKeysTest, SoDoesOneThatWasAddedAMomentAgo) {
  strangers(8);
  world.answer_refused(Refusal::unknown_key);
  world.knock(world.sighting_of(device));
  EXPECT_EQ(world.refusals(Refusal::not_in_filter), 8 - chances + 1);
  register_key(device); // as the change feed tells
  world.advance(5s);
  world.knock(world.sighting_of(device));
  world.answer_known();
  EXPECT_EQ(world.metrics.peers_installed.value(), 1U);
}

TEST_F(KnownKeysTest, AFilterThatLagsLocksADeviceOutForASecond) {
  strangers(8);
  world.answer_refused(Refusal::unknown_key);
  world.knock(world.sighting_of(device));
  ASSERT_EQ(world.lookups.size(), 0U);
  world.advance(1s);
  world.knock(world.sighting_of(device));
  world.answer_known();
  EXPECT_EQ(world.metrics.peers_installed.value(), 1U);
  EXPECT_EQ(world.known_keys.find({.interface = {}, .key = device.public_key}),
            lookup::KnownKeys::Answer::may_be_known)
      << "and is known from then on";
}

TEST_F(KnownKeysTest, WhatWasRefusedByTheFilterIsNotRemembered) {
  strangers(chances);
  world.answer_refused(Refusal::unknown_key);
  world.knock(world.sighting_of(device));
  register_key(device);
  world.advance(1ms);
  world.knock(world.sighting_of(device));
  EXPECT_EQ(world.refusals(Refusal::known_refused), 0U);
  EXPECT_EQ(world.lookups.size(), 1U);
}

TEST_F(KnownKeysTest, EverythingPassesWhileTheKeysAreNotRead) {
  world.known_keys.pass_everything({});
  for (std::uint64_t i = 0; i < 4; ++i) {
    strangers(1);
    world.knock(world.sighting_of(test::make_key_pair(50 + i)));
  }
  EXPECT_EQ(world.refusals(Refusal::not_in_filter), 0U);
  EXPECT_EQ(world.metrics.second_chances.value(), 0U);
}

TEST_F(KnownKeysTest, ForgedClaimsOfAKeyThatIsKnownStopAtTheirProof) {
  register_key(device);
  world.knock(world.sighting(test::forge_initiation(device.public_key, world.gateway_key())));
  EXPECT_EQ(world.refusals(Refusal::forged), 1U);
  EXPECT_EQ(world.lookups.size(), 0U);
}

// AmneziaWG's events: the key, and nothing that proves it.
TEST_F(KnownKeysTest, AMereClaimOfAStrangerCostsNoLookUpEither) {
  for (std::uint64_t i = 0; i < 6; ++i) {
    Sighting claim = world.sighting({});
    claim.seen_by = SourceKind::netlink;
    claim.claimed = ClaimedKey{test::make_key_pair(1'000 + i).public_key};
    world.knock(claim);
  }
  EXPECT_EQ(world.lookups.size(), chances);
  EXPECT_EQ(world.refusals(Refusal::not_in_filter), 6 - chances);
}

TEST_F(KnownKeysTest, ADeviceThatComesBackIsProvenWithTheSecretOfBefore) {
  register_key(device);
  world.knock(world.sighting_of(device));
  world.answer_refused(Refusal::database_unavailable);
  world.advance(5s);
  world.knock(world.sighting_of(device));
  EXPECT_EQ(world.metrics.proofs.value(), 2U);
  EXPECT_EQ(world.metrics.shared_secrets[metrics::SharedSecret::computed].value(), 1U);
  EXPECT_EQ(world.metrics.shared_secrets[metrics::SharedSecret::recalled].value(), 1U);
}

// Another private key, or none: the secrets go with the identity that had them.
TEST_F(KnownKeysTest, SharedSecretsEndWithTheInterface) {
  const std::weak_ptr<const authenticate::InterfaceIdentity> identity = world.interface().identity;
  world.knock(world.sighting_of(device));
  world.flow.life().detach({});
  EXPECT_TRUE(identity.expired());
}

} // namespace
} // namespace provisiond::flow
