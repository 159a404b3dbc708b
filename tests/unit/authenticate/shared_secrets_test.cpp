#include "authenticate/responder.hpp"
#include "authenticate/shared_secrets.hpp"
#include "handshake_fixture.hpp"

#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <variant>

namespace provisiond::authenticate {
namespace {

const int sodium = sodium_init(); // which gives locked memory

PublicKey key_of(std::uint32_t number) {
  PublicKey key;
  for (std::size_t i = 0; i < 4; ++i)
    key.bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
  key.bytes[31] = 1;
  return key;
}

Secret<32> secret_of(std::uint32_t number) {
  return Secret<32>{key_of(number + 1'000'000).bytes};
}

bool has(SharedSecrets& secrets, std::uint32_t number) {
  const std::optional<Secret<32>> found = secrets.find(key_of(number));
  if (found) {
    EXPECT_TRUE(found->equals(secret_of(number)));
  }
  return found.has_value();
}

TEST(SharedSecrets, FindsWhatWasAdded) {
  SharedSecrets secrets{64};
  EXPECT_EQ(secrets.capacity(), 64U);
  EXPECT_FALSE(has(secrets, 1));
  secrets.add(key_of(1), secret_of(1));
  secrets.add(key_of(1), secret_of(2)); // nothing: the first one stays
  EXPECT_TRUE(has(secrets, 1));
  EXPECT_FALSE(has(secrets, 2));
}

TEST(SharedSecrets, HasNoneOfTheZeroKey) {
  SharedSecrets secrets{8};
  EXPECT_FALSE(secrets.find(PublicKey{}));
  secrets.add(PublicKey{}, secret_of(1));
  EXPECT_FALSE(secrets.find(PublicKey{}));
}

TEST(SharedSecrets, KeepsNothingWithoutEntries) {
  SharedSecrets secrets{0};
  secrets.add(key_of(1), secret_of(1));
  secrets.keep(key_of(1));
  EXPECT_FALSE(has(secrets, 1));
  EXPECT_EQ(secrets.capacity(), 0U);
}

// One set, so that the order shows.
TEST(SharedSecrets, WhatIsMerelyProvenMakesRoomForTheNewest) {
  SharedSecrets secrets{8};
  for (std::uint32_t i = 1; i <= 3; ++i)
    secrets.add(key_of(i), secret_of(i));
  EXPECT_FALSE(has(secrets, 1));
  EXPECT_TRUE(has(secrets, 2));
  EXPECT_TRUE(has(secrets, 3));
}

TEST(SharedSecrets, NoNumberOfProvenStrangersPushesOutWhatIsKept) {
  SharedSecrets secrets{8};
  for (std::uint32_t i = 1; i <= SharedSecrets::kept_ways; ++i) {
    secrets.add(key_of(i), secret_of(i));
    secrets.keep(key_of(i));
  }
  for (std::uint32_t i = 100; i < 1'000; ++i)
    secrets.add(key_of(i), secret_of(i));
  for (std::uint32_t i = 1; i <= SharedSecrets::kept_ways; ++i)
    EXPECT_TRUE(has(secrets, i)) << i;
}

TEST(SharedSecrets, OfWhatIsKeptTheOneUsedLeastRecentlyGoes) {
  SharedSecrets secrets{8};
  const auto keep = [&](std::uint32_t number) {
    secrets.add(key_of(number), secret_of(number));
    secrets.keep(key_of(number));
  };
  for (std::uint32_t i = 1; i <= SharedSecrets::kept_ways; ++i)
    keep(i);
  EXPECT_TRUE(has(secrets, 1)); // used again
  keep(10);
  keep(11);
  // Two strangers take the places of what was pushed out, 2 and 3.
  secrets.add(key_of(100), secret_of(100));
  secrets.add(key_of(101), secret_of(101));
  for (const std::uint32_t there : {1U, 4U, 5U, 6U, 10U, 11U, 100U, 101U})
    EXPECT_TRUE(has(secrets, there)) << there;
  EXPECT_FALSE(has(secrets, 2));
  EXPECT_FALSE(has(secrets, 3));
}

TEST(SharedSecrets, KeepingWhatIsNotThereIsNothing) {
  SharedSecrets secrets{8};
  secrets.keep(key_of(1));
  EXPECT_FALSE(has(secrets, 1));
}

class RecallTest : public HandshakeTest {
 protected:
  struct Outcome {
    bool is_recalled = false;
    bool is_proven = false;
  };
  static Outcome handshake(const InterfaceIdentity& identity, const InitiationBytes& initiation) {
    std::variant<Claim, Refusal> claimed = Responder::claim(identity, initiation);
    Claim claim = std::get<Claim>(std::move(claimed));
    Outcome outcome;
    outcome.is_recalled = Responder::recall(identity, claim);
    const std::variant<ProvenKey, Refusal> proven =
        Responder::prove(identity, initiation, std::move(claim));
    outcome.is_proven = std::holds_alternative<ProvenKey>(proven);
    if (outcome.is_proven) {
      EXPECT_EQ(std::get<ProvenKey>(proven).timestamp(), timestamp);
    }
    return outcome;
  }
  static bool knows(const InterfaceIdentity& identity, const PublicKey& key) {
    return identity.shared_secrets().with(
        [&](SharedSecrets& secrets) { return secrets.find(key).has_value(); });
  }
  InitiationBytes again(std::uint8_t seed) {
    return test::make_initiation(
        client_.private_key, gateway_.public_key,
        {.timestamp = timestamp, .sender = 78, .cookie = {}, .ephemeral_seed = seed});
  }

  const std::shared_ptr<const InterfaceIdentity> remembering_ =
      InterfaceIdentity::make(gateway_.private_key, 64).value();
};

TEST_F(RecallTest, ADeviceThatComesBackIsProvenWithTheSecretOfBefore) {
  const Outcome first = handshake(*remembering_, initiation_);
  EXPECT_FALSE(first.is_recalled);
  EXPECT_TRUE(first.is_proven);
  const Outcome second = handshake(*remembering_, again(9));
  EXPECT_TRUE(second.is_recalled);
  EXPECT_TRUE(second.is_proven);
}

TEST_F(RecallTest, AForgedClaimFillsNothing) {
  const InitiationBytes forged = test::forge_initiation(client_.public_key, gateway_.public_key);
  const Outcome outcome = handshake(*remembering_, forged);
  EXPECT_FALSE(outcome.is_proven);
  EXPECT_FALSE(knows(*remembering_, client_.public_key));
}

TEST_F(RecallTest, AForgedClaimOfAKeyThatIsRememberedProvesNothing) {
  EXPECT_TRUE(handshake(*remembering_, initiation_).is_proven);
  const InitiationBytes forged = test::forge_initiation(client_.public_key, gateway_.public_key);
  const Outcome outcome = handshake(*remembering_, forged);
  EXPECT_TRUE(outcome.is_recalled);
  EXPECT_FALSE(outcome.is_proven);
}

TEST_F(RecallTest, ATimestampThatWasChangedProvesNothingEither) {
  EXPECT_TRUE(handshake(*remembering_, initiation_).is_proven);
  for (std::size_t byte = wire::InitiationLayout::encrypted_timestamp;
       byte < wire::InitiationLayout::mac1; ++byte) {
    InitiationBytes changed = again(9);
    changed[byte] ^= 1;
    test::write_macs(changed, gateway_.public_key);
    const Outcome outcome = handshake(*remembering_, changed);
    EXPECT_TRUE(outcome.is_recalled);
    EXPECT_FALSE(outcome.is_proven) << byte;
  }
}

// The secrets are of one private key, and go with it.
TEST_F(RecallTest, AnotherPrivateKeyRemembersNothing) {
  EXPECT_TRUE(handshake(*remembering_, initiation_).is_proven);
  const test::KeyPair other = test::make_key_pair(5);
  const std::shared_ptr<const InterfaceIdentity> changed =
      InterfaceIdentity::make(other.private_key, 64).value();
  EXPECT_FALSE(knows(*changed, client_.public_key));
  const InitiationBytes to_the_new = test::make_initiation(
      client_.private_key, other.public_key,
      {.timestamp = timestamp, .sender = 1, .cookie = {}, .ephemeral_seed = 3});
  const Outcome outcome = handshake(*changed, to_the_new);
  EXPECT_FALSE(outcome.is_recalled);
  EXPECT_TRUE(outcome.is_proven);
}

TEST_F(RecallTest, WithoutEntriesEachProofComputes) {
  EXPECT_TRUE(handshake(*identity_, initiation_).is_proven);
  EXPECT_FALSE(handshake(*identity_, again(9)).is_recalled);
}

} // namespace
} // namespace provisiond::authenticate
