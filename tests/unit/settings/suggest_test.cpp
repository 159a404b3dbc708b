#include "settings/suggest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace provisiond::settings {
namespace {

constexpr std::array<std::string_view, 4> known{"sessions", "batch-size", "queue-length", "dsn"};

TEST(EditDistance, counts_letters_to_add_drop_change_or_swap) {
  EXPECT_EQ(edit_distance("", ""), 0);
  EXPECT_EQ(edit_distance("", "abc"), 3);
  EXPECT_EQ(edit_distance("abc", ""), 3);
  EXPECT_EQ(edit_distance("abc", "abc"), 0);
  EXPECT_EQ(edit_distance("abc", "abd"), 1);
  EXPECT_EQ(edit_distance("sesions", "sessions"), 1);
  EXPECT_EQ(edit_distance("dns", "dsn"), 1);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3);
}

TEST(Closest, finds_what_was_meant) {
  EXPECT_EQ(closest("session", known), "sessions");
  EXPECT_EQ(closest("batchsize", known), "batch-size");
  EXPECT_EQ(closest("queue-lenght", known), "queue-length");
  EXPECT_EQ(closest("dns", known), "dsn");
  EXPECT_EQ(closest("dsm", known), "dsn");
}

TEST(Closest, does_not_guess_wildly) {
  EXPECT_FALSE(closest("password", known));
  EXPECT_FALSE(closest("abc", known));
  EXPECT_FALSE(closest("dsn", {}));
  EXPECT_FALSE(closest("", known));
  EXPECT_FALSE(closest(std::string(1'000'000, 'a'), known));
}

} // namespace
} // namespace provisiond::settings
