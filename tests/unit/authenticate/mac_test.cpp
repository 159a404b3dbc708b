#include "authenticate/mac.hpp"
#include "handshake_fixture.hpp"
#include "wire/messages.hpp"

namespace provisiond::authenticate {
namespace {

using Mac1 = HandshakeTest;

TEST_F(Mac1, OfAnInitiationToThisInterfaceIsValid) {
  EXPECT_TRUE(has_valid_mac1(*identity_, initiation_));
}

TEST_F(Mac1, OfAnInitiationToAnotherInterfaceIsInvalid) {
  const InitiationBytes other =
      test::make_initiation(client_.private_key, test::make_key_pair(9).public_key);
  EXPECT_FALSE(has_valid_mac1(*identity_, other));
}

TEST_F(Mac1, CoversEveryBitBeforeItAndItself) {
  for (std::size_t bit = 0; bit < wire::InitiationLayout::mac2 * 8; ++bit) {
    InitiationBytes flipped = initiation_;
    flipped[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    EXPECT_FALSE(has_valid_mac1(*identity_, flipped)) << "bit " << bit;
  }
}

TEST_F(Mac1, DoesNotCoverMac2) {
  InitiationBytes flipped = initiation_;
  flipped[wire::InitiationLayout::mac2] ^= 1U;
  EXPECT_TRUE(has_valid_mac1(*identity_, flipped));
}

} // namespace
} // namespace provisiond::authenticate
