#include "base/bloom_filter.hpp"
#include "base/keyed_hash.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>

namespace provisiond {
namespace {

class Values {
 public:
  [[nodiscard]] std::uint64_t operator()(std::uint32_t number) const {
    std::array<std::uint8_t, 4> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<std::uint8_t>(number >> 8 * i);
    return hash_(bytes);
  }

 private:
  KeyedHash hash_;
};

TEST(BloomFilter, HasEverythingThatWasAdded) {
  constexpr std::uint32_t count = 50'000;
  const Values value;
  BloomFilter filter{count};
  for (std::uint32_t i = 0; i < count; ++i)
    filter.add(value(i));
  for (std::uint32_t i = 0; i < count; ++i)
    ASSERT_TRUE(filter.may_hold(value(i))) << i;
}

TEST(BloomFilter, TakesAboutOneInAHundredStrangersForItsOwn) {
  constexpr std::uint32_t count = 100'000;
  const Values value;
  BloomFilter filter{count};
  for (std::uint32_t i = 0; i < count; ++i)
    filter.add(value(i));
  std::uint32_t mistaken = 0;
  for (std::uint32_t i = count; i < 2 * count; ++i)
    if (filter.may_hold(value(i))) ++mistaken;
  EXPECT_LT(mistaken, count * 15 / 1'000);
  EXPECT_GT(mistaken, 0U);
}

TEST(BloomFilter, SaysWhatIsNew) {
  const Values value;
  BloomFilter filter{100};
  EXPECT_TRUE(filter.add(value(1)));
  EXPECT_FALSE(filter.add(value(1)));
  EXPECT_TRUE(filter.add(value(2)));
}

TEST(BloomFilter, HoldsNothingAtFirst) {
  const Values value;
  const BloomFilter filter{0};
  for (std::uint32_t i = 0; i < 1'000; ++i)
    EXPECT_FALSE(filter.may_hold(value(i)));
}

TEST(BloomFilter, TakesWhatItSaysForAMillion) {
  EXPECT_NEAR(static_cast<double>(BloomFilter{1'000'000}.bytes()), 1.3125e6, 100);
}

} // namespace
} // namespace provisiond
