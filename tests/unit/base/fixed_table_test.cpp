#include "base/fixed_table.hpp"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace provisiond {
namespace {

using Table = FixedTable<std::uint32_t, int>;

constexpr TimePoint start{1h};

TEST(FixedTable, FindsWhatWasTouched) {
  Table table{64};
  EXPECT_EQ(table.find(1), nullptr);
  table.touch(1, start) = 10;
  ASSERT_NE(table.find(1), nullptr);
  EXPECT_EQ(*table.find(1), 10);
  EXPECT_EQ(table.touch(1, start + 1s), 10);
  EXPECT_EQ(table.find(2), nullptr);
  EXPECT_EQ(table.size(), 1U);
}

TEST(FixedTable, RoundsItsCapacityUp) {
  EXPECT_EQ(Table{1}.capacity(), 8U);
  EXPECT_EQ(Table{8}.capacity(), 8U);
  EXPECT_EQ(Table{9}.capacity(), 16U);
  EXPECT_EQ(Table{65'536}.capacity(), 65'536U);
}

TEST(FixedTable, NeverGrowsAndCountsWhatItDisplaces) {
  Table table{64};
  for (std::uint32_t key = 0; key < 10'000; ++key) {
    table.touch(key, start + std::chrono::milliseconds{key});
  }
  EXPECT_LE(table.size(), table.capacity());
  EXPECT_EQ(table.size() + table.displaced(), 10'000U);
  EXPECT_NE(table.find(9'999), nullptr);
}

TEST(FixedTable, DisplacesTheLeastRecentlyUsed) {
  Table table{8}; // one set
  for (std::uint32_t key = 0; key < 8; ++key) {
    table.touch(key, start + std::chrono::seconds{key});
  }
  table.touch(0, start + 10s);
  table.touch(100, start + 11s);
  EXPECT_NE(table.find(0), nullptr);
  EXPECT_EQ(table.find(1), nullptr);
  EXPECT_NE(table.find(100), nullptr);
  EXPECT_EQ(table.displaced(), 1U);
}

TEST(FixedTable, GivesANewEntryAFreshValue) {
  Table table{8};
  table.touch(1, start) = 10;
  table.erase(1);
  EXPECT_EQ(table.find(1), nullptr);
  EXPECT_EQ(table.size(), 0U);
  EXPECT_EQ(table.touch(1, start), 0);
}

TEST(FixedTable, EraseOfWhatIsNotThereChangesNothing) {
  Table table{8};
  table.touch(1, start);
  table.erase(2);
  EXPECT_EQ(table.size(), 1U);
}

} // namespace
} // namespace provisiond
