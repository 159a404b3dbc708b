#include "base/public_key.hpp"

#include <gtest/gtest.h>

namespace provisiond {
namespace {

constexpr std::string_view text = "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=";

TEST(PublicKey, PrintsWhatItParsed) {
  const std::optional<PublicKey> key = PublicKey::parse(text);
  ASSERT_TRUE(key.has_value());
  EXPECT_EQ(key->bytes.front(), 0x85);
  EXPECT_EQ(key->bytes.back(), 0x6a);
  EXPECT_EQ(key->to_string(), text);
}

TEST(PublicKey, OfZeroBytesIsAllA) {
  EXPECT_EQ(PublicKey{}.to_string(), "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
}

TEST(PublicKey, ComparesByBytes) {
  PublicKey larger;
  larger.bytes[31] = 1;
  EXPECT_LT(PublicKey{}, larger);
  EXPECT_EQ(PublicKey::from(larger.bytes), larger);
}

class NotAPublicKey : public ::testing::TestWithParam<const char*> {};

TEST_P(NotAPublicKey, IsRefused) {
  EXPECT_FALSE(PublicKey::parse(GetParam()).has_value());
}

INSTANTIATE_TEST_SUITE_P(
    All, NotAPublicKey,
    ::testing::Values("", "=",
                      "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo",   // no padding
                      "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmp=",  // unused bits not zero
                      "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTg==",  // 31 bytes
                      "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmoA",  // 33 bytes
                      "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo==", // too much padding
                      "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo=",  // the URL alphabet
                      "ERERERERERERERERERERERERERERERERE\xb5" // what the decoder takes for a letter
                      "ERERERERE=",
                      " hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=",
                      "hSDwCYkwp1R0i33ctD73Wg2/Og0mOBr066SpjqqbTmo=\n",
                      "hSDwCYkwp1R0i33ctD73Wg2/\nOg0mOBr066SpjqqbTmo=",
                      "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"));

} // namespace
} // namespace provisiond
