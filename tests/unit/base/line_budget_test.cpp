#include "base/line_budget.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace provisiond {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kinds = 5;
using Budget = LineBudget<kinds>;

// A minute of a flood of every kind: how many lines were written.
int flood(Budget& budget) {
  int written = 0;
  for (int i = 0; i < 1'000; ++i) {
    for (std::size_t kind = 0; kind < kinds; ++kind)
      written += budget.take(kind) ? 1 : 0;
  }
  return written;
}

TEST(LineBudget, a_kind_has_ten_lines_a_minute) {
  Budget budget;
  int written = 0;
  for (int i = 0; i < 1'000; ++i)
    written += budget.take(3) ? 1 : 0;
  EXPECT_EQ(written, 10);
}

TEST(LineBudget, all_kinds_share_thirty_beside_the_first_of_each) {
  Budget budget;
  EXPECT_EQ(flood(budget), 35);
}

TEST(LineBudget, a_rare_kind_is_written_while_others_flood) {
  Budget budget;
  for (int i = 0; i < 1'000; ++i) {
    for (std::size_t kind = 0; kind + 1 < kinds; ++kind)
      static_cast<void>(budget.take(kind));
  }
  EXPECT_TRUE(budget.take(kinds - 1));
  EXPECT_FALSE(budget.take(kinds - 1));
}

TEST(LineBudget, tells_once_a_minute_what_was_left_out_and_begins_anew) {
  Budget budget;
  const TimePoint begun{1h};
  Budget::Counts left_out{};
  EXPECT_TRUE(budget.next_minute(begun, left_out));
  EXPECT_EQ(left_out, Budget::Counts{});
  const int written = flood(budget);
  EXPECT_FALSE(budget.next_minute(begun + 59s, left_out));
  ASSERT_TRUE(budget.next_minute(begun + 60s, left_out));
  EXPECT_EQ(std::accumulate(left_out.begin(), left_out.end(), std::uint64_t{0}),
            5'000U - static_cast<unsigned>(written));
  EXPECT_EQ(flood(budget), written);
  EXPECT_FALSE(budget.next_minute(begun + 119s, left_out));
  EXPECT_TRUE(budget.next_minute(begun + 121s, left_out));
}

} // namespace
} // namespace provisiond
