#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <type_traits>

namespace provisiond {
namespace {

static_assert(!std::is_copy_constructible_v<Secret<32>>);
static_assert(!std::is_copy_assignable_v<Secret<32>>);
static_assert(!std::is_copy_constructible_v<LockedSecret<32>>);

template <class T>
concept Comparable = requires(const T& left, const T& right) {
  left == right;
};
static_assert(!Comparable<Secret<32>>);

std::array<std::uint8_t, 32> filled(std::uint8_t byte) {
  std::array<std::uint8_t, 32> bytes;
  bytes.fill(byte);
  return bytes;
}

TEST(Secret, BeginsAsZero) {
  EXPECT_TRUE(Secret<32>{}.is_zero());
}

TEST(Secret, HoldsWhatItWasGiven) {
  const Secret<32> secret{filled(7)};
  EXPECT_TRUE(std::ranges::equal(secret.bytes(), filled(7)));
  EXPECT_FALSE(secret.is_zero());
}

TEST(Secret, ComparesWholly) {
  std::array<std::uint8_t, 32> other = filled(7);
  EXPECT_TRUE(Secret<32>{filled(7)}.equals(Secret<32>{other}));
  other[31] = 8;
  EXPECT_FALSE(Secret<32>{filled(7)}.equals(Secret<32>{other}));
}

TEST(Secret, CloneIsASecondOne) {
  Secret<32> secret{filled(7)};
  const Secret<32> clone = secret.clone();
  secret.wipe();
  EXPECT_TRUE(secret.is_zero());
  EXPECT_TRUE(clone.equals(Secret<32>{filled(7)}));
}

// The two tests below look at a moved-from secret: that it is zero is what it promises.
TEST(Secret, MovingWipesTheSource) {
  Secret<32> source{filled(7)};
  const Secret<32> target{std::move(source)};
  EXPECT_TRUE(source.is_zero()); // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  EXPECT_TRUE(target.equals(Secret<32>{filled(7)}));
}

TEST(Secret, MoveAssignmentWipesTheSource) {
  Secret<32> source{filled(7)};
  Secret<32> target{filled(8)};
  target = std::move(source);
  EXPECT_TRUE(source.is_zero()); // NOLINT(bugprone-use-after-move,clang-analyzer-cplusplus.Move)
  EXPECT_TRUE(target.equals(Secret<32>{filled(7)}));
}

TEST(Secret, LeavesNothingBehindWhenItGoes) {
  alignas(Secret<32>) std::array<std::uint8_t, sizeof(Secret<32>)> memory{};
  Secret<32>* secret = std::construct_at(reinterpret_cast<Secret<32>*>(memory.data()), filled(7));
  EXPECT_EQ(std::ranges::count(memory, 7), 32);
  std::destroy_at(secret);
  EXPECT_EQ(std::ranges::count(memory, 7), 0);
}

TEST(LockedSecret, HoldsWhatItWasGiven) {
  ASSERT_GE(sodium_init(), 0);
  const LockedSecret<32> secret{filled(7)};
  EXPECT_TRUE(std::ranges::equal(secret.bytes(), filled(7)));
}

TEST(LockedMemory, IsZeroAtFirstAndHoldsWhatIsWritten) {
  ASSERT_GE(sodium_init(), 0);
  LockedMemory memory{1'000};
  ASSERT_EQ(memory.bytes().size(), 1'000U);
  EXPECT_EQ(std::ranges::count(memory.bytes(), 0), 1'000);
  std::ranges::fill(memory.bytes(), 7);
  EXPECT_EQ(std::ranges::count(memory.bytes(), 7), 1'000);
}

} // namespace
} // namespace provisiond
