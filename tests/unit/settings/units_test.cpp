#include "settings/units.hpp"

#include <gtest/gtest.h>

namespace provisiond::settings {
namespace {

using std::chrono::milliseconds;

void expect_duration(std::string_view text, milliseconds expected) {
  const std::variant<milliseconds, UnitFault> parsed = parse_duration(text);
  ASSERT_TRUE(std::holds_alternative<milliseconds>(parsed)) << text;
  EXPECT_EQ(std::get<milliseconds>(parsed), expected) << text;
}

void expect_fault(std::string_view text, UnitFault expected) {
  const std::variant<milliseconds, UnitFault> parsed = parse_duration(text);
  ASSERT_TRUE(std::holds_alternative<UnitFault>(parsed)) << text;
  EXPECT_EQ(std::get<UnitFault>(parsed), expected) << text;
}

TEST(Duration, takes_a_number_and_a_unit) {
  expect_duration("500ms", milliseconds{500});
  expect_duration("15s", milliseconds{15'000});
  expect_duration("2m", milliseconds{120'000});
  expect_duration("3h", milliseconds{10'800'000});
  expect_duration("0s", milliseconds{0});
  expect_duration("007s", milliseconds{7'000});
}

TEST(Duration, takes_fractions_that_are_whole_milliseconds) {
  expect_duration("1.5s", milliseconds{1'500});
  expect_duration("0.001s", milliseconds{1});
  expect_duration("1.50m", milliseconds{90'000});
  expect_fault("0.5ms", UnitFault::too_fine);
  expect_fault("1.0001s", UnitFault::too_fine);
}

TEST(Duration, names_each_fault) {
  expect_fault("", UnitFault::malformed);
  expect_fault("s", UnitFault::malformed);
  expect_fault(".5s", UnitFault::malformed);
  expect_fault("1.s", UnitFault::malformed);
  expect_fault("+5s", UnitFault::malformed);
  expect_fault("0x10s", UnitFault::unknown_unit);
  expect_fault("-5s", UnitFault::negative);
  expect_fault("15", UnitFault::no_unit);
  expect_fault("15 s", UnitFault::unknown_unit);
  expect_fault("15d", UnitFault::unknown_unit);
  expect_fault("1m30s", UnitFault::unknown_unit);
  expect_fault("1e3s", UnitFault::unknown_unit);
}

TEST(Duration, does_not_overflow) {
  expect_duration("999999999999h", milliseconds{999'999'999'999 * 3'600'000});
  expect_fault("1000000000000h", UnitFault::too_long);
  expect_fault("99999999999999999999999999999999s", UnitFault::too_long);
  expect_fault("0.0000000000001s", UnitFault::too_long);
}

TEST(Duration, each_fault_is_explained_with_a_remedy) {
  for (const UnitFault fault :
       {UnitFault::malformed, UnitFault::negative, UnitFault::no_unit, UnitFault::unknown_unit,
        UnitFault::too_fine, UnitFault::too_long}) {
    EXPECT_NE(explain_duration(fault).find("; "), std::string_view::npos);
    EXPECT_NE(explain_rate(fault).find("; "), std::string_view::npos);
  }
}

TEST(Duration, is_written_in_its_largest_whole_unit) {
  EXPECT_EQ(format_duration(milliseconds{0}), "0s");
  EXPECT_EQ(format_duration(milliseconds{10}), "10ms");
  EXPECT_EQ(format_duration(milliseconds{90'000}), "90s");
  EXPECT_EQ(format_duration(milliseconds{120'000}), "2m");
  EXPECT_EQ(format_duration(milliseconds{86'400'000}), "24h");
}

void expect_rate(std::string_view text, double expected) {
  const std::variant<double, UnitFault> parsed = parse_rate(text);
  ASSERT_TRUE(std::holds_alternative<double>(parsed)) << text;
  EXPECT_DOUBLE_EQ(std::get<double>(parsed), expected) << text;
}

TEST(RateText, is_events_per_second) {
  expect_rate("500/s", 500);
  expect_rate("30/m", 0.5);
  expect_rate("1800/h", 0.5);
  expect_rate("0.25/s", 0.25);
}

TEST(RateText, names_each_fault) {
  EXPECT_EQ(std::get<UnitFault>(parse_rate("/s")), UnitFault::malformed);
  EXPECT_EQ(std::get<UnitFault>(parse_rate("-1/s")), UnitFault::negative);
  EXPECT_EQ(std::get<UnitFault>(parse_rate("5")), UnitFault::no_unit);
  EXPECT_EQ(std::get<UnitFault>(parse_rate("5/d")), UnitFault::unknown_unit);
  EXPECT_EQ(std::get<UnitFault>(parse_rate("5s")), UnitFault::unknown_unit);
  EXPECT_EQ(std::get<UnitFault>(parse_rate("9999999999999/s")), UnitFault::too_long);
}

TEST(Whole, is_digits_and_nothing_else) {
  EXPECT_EQ(parse_whole("0"), 0);
  EXPECT_EQ(parse_whole("-3"), -3);
  EXPECT_EQ(parse_whole("9223372036854775807"), INT64_MAX);
  EXPECT_FALSE(parse_whole("9223372036854775808"));
  EXPECT_FALSE(parse_whole(""));
  EXPECT_FALSE(parse_whole("+3"));
  EXPECT_FALSE(parse_whole(" 3"));
  EXPECT_FALSE(parse_whole("3.0"));
  EXPECT_FALSE(parse_whole("0x3"));
  EXPECT_FALSE(parse_whole("1_000"));
}

} // namespace
} // namespace provisiond::settings
