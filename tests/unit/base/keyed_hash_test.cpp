#include "base/keyed_hash.hpp"

#include <gtest/gtest.h>

namespace provisiond {
namespace {

constexpr std::array<std::uint8_t, 3> input{1, 2, 3};

TEST(KeyedHash, IsAFunctionOfItsInput) {
  const KeyedHash hash;
  constexpr std::array<std::uint8_t, 3> other{1, 2, 4};
  EXPECT_EQ(hash(input), hash(input));
  EXPECT_NE(hash(input), hash(other));
}

TEST(KeyedHash, CopiesAgree) {
  const KeyedHash hash;
  const KeyedHash copy = hash; // NOLINT(performance-unnecessary-copy-initialization): the subject
  EXPECT_EQ(hash(input), copy(input));
}

TEST(KeyedHash, NoTwoShareTheirKey) {
  EXPECT_NE(KeyedHash{}(input), KeyedHash{}(input));
}

} // namespace
} // namespace provisiond
