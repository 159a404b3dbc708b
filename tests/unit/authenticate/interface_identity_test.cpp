#include "authenticate/interface_identity.hpp"
#include "support/hex.hpp"

#include <gtest/gtest.h>

namespace provisiond::authenticate {
namespace {

using test::from_hex;

// Alice of RFC 7748, section 6.1.
Result<std::shared_ptr<const InterfaceIdentity>> make_alice() {
  const std::array<std::uint8_t, 32> private_key =
      from_hex<32>("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  return InterfaceIdentity::make(Secret<32>{private_key});
}

TEST(InterfaceIdentity, DerivesThePublicKey) {
  EXPECT_EQ(make_alice().value()->public_key().bytes,
            from_hex<32>("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));
}

// Expected values: Python's hashlib.blake2s over the strings of the white paper and Alice's key.
TEST(InterfaceIdentity, PrecomputesWhatFollowsFromTheKey) {
  const std::shared_ptr<const InterfaceIdentity> alice = make_alice().value();
  EXPECT_EQ(alice->initial_chaining_key(),
            from_hex<32>("60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36"));
  EXPECT_EQ(alice->initial_hash(),
            from_hex<32>("e7a5e4b40a7a5675887ad11042ccfc1112ed3507384bca39896693cfab32bdc6"));
  EXPECT_EQ(alice->mac1_key(),
            from_hex<32>("0ec72453412f9befa2f799ea837d0b88429321711dd01f9025163123bd1905be"));
  EXPECT_EQ(alice->cookie_key(),
            from_hex<32>("9c357cf611ac8d2e8e2369cda113f1ae6dc10d4f90c4d0f91fb235a27f890afd"));
}

TEST(InterfaceIdentity, RefusesTheZeroKey) {
  const Result<std::shared_ptr<const InterfaceIdentity>> identity =
      InterfaceIdentity::make(Secret<32>{});
  ASSERT_FALSE(identity.has_value());
  EXPECT_EQ(identity.error().message(), "use private key: it is all zero");
}

} // namespace
} // namespace provisiond::authenticate
