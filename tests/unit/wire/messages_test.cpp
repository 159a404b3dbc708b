#include "wire/messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

namespace provisiond::wire {
namespace {

// Type word 1, then bytes that say where they stand.
std::vector<std::uint8_t> numbered_initiation() {
  std::vector<std::uint8_t> bytes(InitiationLayout::size);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  std::ranges::copy(std::array<std::uint8_t, 4>{1, 0, 0, 0}, bytes.begin());
  return bytes;
}

TEST(ViewInitiation, GivesEachFieldWhereTheWhitePaperPutsIt) {
  const std::vector<std::uint8_t> bytes = numbered_initiation();
  const std::optional<InitiationView> view = view_initiation(bytes);
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->sender(), 0x07060504U); // little-endian
  EXPECT_EQ(view->ephemeral().front(), 8);
  EXPECT_EQ(view->encrypted_static().front(), 40);
  EXPECT_EQ(view->encrypted_static().size(), 48U);
  EXPECT_EQ(view->encrypted_timestamp().front(), 88);
  EXPECT_EQ(view->encrypted_timestamp().size(), 28U);
  EXPECT_EQ(view->mac1().front(), 116);
  EXPECT_EQ(view->mac2().front(), 132);
  EXPECT_EQ(view->mac2().back(), 147);
  EXPECT_EQ(view->mac1_input().size(), 116U);
  EXPECT_EQ(view->mac2_input().size(), 132U);
}

TEST(ViewInitiation, RefusesEveryOtherSize) {
  std::vector<std::uint8_t> bytes = numbered_initiation();
  bytes.resize(400);
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    EXPECT_EQ(view_initiation(std::span{bytes}.first(size)).has_value(),
              size == InitiationLayout::size)
        << size;
  }
}

TEST(ViewInitiation, RefusesEveryOtherType) {
  std::vector<std::uint8_t> bytes = numbered_initiation();
  for (unsigned type = 0; type < 256; ++type) {
    bytes[0] = static_cast<std::uint8_t>(type);
    EXPECT_EQ(view_initiation(bytes).has_value(), type == 1) << type;
  }
}

TEST(ViewInitiation, RefusesReservedBytesThatAreNotZero) {
  for (std::size_t reserved = 1; reserved <= 3; ++reserved) {
    std::vector<std::uint8_t> bytes = numbered_initiation();
    bytes[reserved] = 1;
    EXPECT_FALSE(view_initiation(bytes).has_value()) << reserved;
  }
}

TEST(Layouts, AddUpToTheSizesOfTheWhitePaper) {
  EXPECT_EQ(InitiationLayout::size, 148U);
  EXPECT_EQ(InitiationLayout::mac2 + mac_size, InitiationLayout::size);
  EXPECT_EQ(ResponseLayout::size, 92U);
  EXPECT_EQ(ResponseLayout::mac2 + mac_size, ResponseLayout::size);
  EXPECT_EQ(CookieReplyLayout::size, 64U);
  EXPECT_EQ(CookieReplyLayout::sealed_cookie + cookie_size + tag_size, CookieReplyLayout::size);
}

TEST(BuildCookieReply, PutsEachPartInItsPlace) {
  std::array<std::uint8_t, cookie_nonce_size> nonce;
  nonce.fill(0xaa);
  std::array<std::uint8_t, cookie_size + tag_size> sealed;
  sealed.fill(0xbb);
  CookieReplyBytes expected{3, 0, 0, 0, 0x44, 0x33, 0x22, 0x11};
  std::fill(expected.begin() + 8, expected.begin() + 32, std::uint8_t{0xaa});
  std::fill(expected.begin() + 32, expected.end(), std::uint8_t{0xbb});
  EXPECT_EQ(build_cookie_reply({.receiver = 0x11223344, .nonce = nonce, .sealed_cookie = sealed}),
            expected);
}

} // namespace
} // namespace provisiond::wire
