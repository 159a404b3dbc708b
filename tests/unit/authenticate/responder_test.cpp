#include "authenticate/mac.hpp"
#include "authenticate/responder.hpp"
#include "handshake_fixture.hpp"
#include "support/hex.hpp"
#include "wire/messages.hpp"

#include <sodium.h>

#include <array>
#include <atomic>
#include <thread>
#include <type_traits>
#include <variant>

namespace provisiond::authenticate {
namespace {

static_assert(!std::is_copy_constructible_v<Claim>);
static_assert(!std::is_constructible_v<ProvenKey, PublicKey, Tai64n>);
static_assert(!std::is_convertible_v<ClaimedKey, ProvenKey>);

class ResponderTest : public HandshakeTest {
 protected:
  // The refusal by whichever step refuses, or none.
  std::optional<Refusal> refusal_of(const InitiationBytes& initiation) {
    std::variant<Claim, Refusal> claim = Responder::claim(*identity_, initiation);
    if (const Refusal* refusal = std::get_if<Refusal>(&claim)) return *refusal;
    const std::variant<ProvenKey, Refusal> proven =
        Responder::prove(*identity_, initiation, std::get<Claim>(std::move(claim)));
    if (const Refusal* refusal = std::get_if<Refusal>(&proven)) return *refusal;
    return std::nullopt;
  }
};

TEST_F(ResponderTest, ClaimsAndProvesTheClientsKey) {
  std::variant<Claim, Refusal> claim = Responder::claim(*identity_, initiation_);
  ASSERT_TRUE(std::holds_alternative<Claim>(claim));
  EXPECT_EQ(std::get<Claim>(claim).claimed().key, client_.public_key);

  const std::variant<ProvenKey, Refusal> proven =
      Responder::prove(*identity_, initiation_, std::get<Claim>(std::move(claim)));
  ASSERT_TRUE(std::holds_alternative<ProvenKey>(proven));
  EXPECT_EQ(std::get<ProvenKey>(proven).key(), client_.public_key);
  EXPECT_EQ(std::get<ProvenKey>(proven).timestamp(), timestamp);
}

TEST_F(ResponderTest, AnInitiationToAnotherInterfaceDoesNotDecrypt) {
  const InitiationBytes other =
      test::make_initiation(client_.private_key, test::make_key_pair(9).public_key);
  EXPECT_EQ(refusal_of(other), Refusal::undecryptable_static);
}

TEST_F(ResponderTest, TheInterfacesOwnKeyIsRefused) {
  const InitiationBytes own = test::make_initiation(gateway_.private_key, gateway_.public_key);
  EXPECT_EQ(refusal_of(own), Refusal::own_key);
}

TEST_F(ResponderTest, AForgedInitiationClaimsButDoesNotProve) {
  const InitiationBytes forged = test::forge_initiation(client_.public_key, gateway_.public_key);
  ASSERT_TRUE(has_valid_mac1(*identity_, forged));
  const std::variant<Claim, Refusal> claim = Responder::claim(*identity_, forged);
  ASSERT_TRUE(std::holds_alternative<Claim>(claim));
  EXPECT_EQ(std::get<Claim>(claim).claimed().key, client_.public_key);
  EXPECT_EQ(refusal_of(forged), Refusal::forged);
}

TEST_F(ResponderTest, AClaimDoesNotProveAnotherInitiation) {
  const InitiationBytes other = test::make_initiation(
      client_.private_key, gateway_.public_key,
      {.timestamp = timestamp, .sender = 77, .cookie = {}, .ephemeral_seed = 4});
  std::variant<Claim, Refusal> claim = Responder::claim(*identity_, other);
  ASSERT_TRUE(std::holds_alternative<Claim>(claim));
  const std::variant<ProvenKey, Refusal> proven =
      Responder::prove(*identity_, initiation_, std::get<Claim>(std::move(claim)));
  ASSERT_TRUE(std::holds_alternative<Refusal>(proven));
  EXPECT_EQ(std::get<Refusal>(proven), Refusal::forged);
}

// Every bit that the key agreement covers, with MACs that are right for the changed message: what
// an attacker on the path, who knows the interface's public key, can send.
TEST_F(ResponderTest, EveryFlippedBitIsRefusedAlthoughTheMacIsRight) {
  const std::size_t first = wire::InitiationLayout::ephemeral * 8;
  const std::size_t timestamp_part = wire::InitiationLayout::encrypted_timestamp * 8;
  for (std::size_t bit = first; bit < wire::InitiationLayout::mac1 * 8; ++bit) {
    InitiationBytes flipped = initiation_;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    test::write_macs(flipped, gateway_.public_key);
    ASSERT_TRUE(has_valid_mac1(*identity_, flipped));
    EXPECT_EQ(refusal_of(flipped),
              bit < timestamp_part ? Refusal::undecryptable_static : Refusal::forged)
        << "bit " << bit;
  }
}

class LowOrderPoint : public ResponderTest, public ::testing::WithParamInterface<const char*> {
 protected:
  const PublicKey point_{test::from_hex<32>(GetParam())};
};

TEST_P(LowOrderPoint, GivesTheZeroSecretWithAnyKey) {
  std::array<std::uint8_t, 32> shared{};
  EXPECT_NE(
      crypto_scalarmult(shared.data(), gateway_.private_key.bytes().data(), point_.bytes.data()),
      0);
}

TEST_P(LowOrderPoint, IsRefusedAsEphemeral) {
  const InitiationBytes initiation =
      test::make_low_order_ephemeral_initiation(point_, client_.public_key, gateway_.public_key);
  EXPECT_EQ(refusal_of(initiation), Refusal::undecryptable_static);
}

TEST_P(LowOrderPoint, ProvesNothingAsStaticKey) {
  const InitiationBytes initiation =
      test::make_low_order_static_initiation(point_, gateway_.public_key);
  EXPECT_EQ(refusal_of(initiation), Refusal::forged);
}

// The points of order 1, 2, 4 and 8 and those of their encodings that are not reduced.
INSTANTIATE_TEST_SUITE_P(
    All, LowOrderPoint,
    ::testing::Values("0000000000000000000000000000000000000000000000000000000000000000",
                      "0100000000000000000000000000000000000000000000000000000000000000",
                      "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                      "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                      "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                      "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"));

TEST_F(ResponderTest, ServesSeveralThreadsAtOnce) {
  std::atomic<int> proven = 0;
  {
    std::array<std::jthread, 4> threads;
    for (std::jthread& thread : threads) {
      thread = std::jthread{[&] {
        for (int i = 0; i < 10; ++i) {
          if (!refusal_of(initiation_)) ++proven;
        }
      }};
    }
  }
  EXPECT_EQ(proven, 40);
}

} // namespace
} // namespace provisiond::authenticate
