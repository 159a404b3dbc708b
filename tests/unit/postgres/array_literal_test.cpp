#include "postgres/array_literal.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace provisiond::postgres {
namespace {

TEST(ArrayLiteral, ATextCannotLeaveItsQuotes) {
  const std::vector<std::string> values{R"(a"},{\)", ""};
  EXPECT_EQ(text_array(values), R"({"a\"},{\\",""})");
}

TEST(ArrayLiteral, HoldsBytesAndNulls) {
  ArrayLiteral literal;
  literal.add_null();
  literal.add_bytes(std::array<std::uint8_t, 2>{0x0f, 0xa0});
  literal.add_null();
  EXPECT_EQ(std::move(literal).finish(), R"({NULL,"\\x0fa0",NULL})");
}

TEST(ArrayLiteral, IsEmptyWithoutValues) {
  EXPECT_EQ(text_array({}), "{}");
  EXPECT_EQ(key_array({}), "{}");
}

TEST(ReadHex, TakesTwoDigitsForEachByteAndNothingElse) {
  std::array<std::uint8_t, 2> bytes{};
  EXPECT_TRUE(read_hex("0fA0", bytes));
  EXPECT_EQ(bytes, (std::array<std::uint8_t, 2>{0x0f, 0xa0}));
  for (const char* const text : {"", "0f", "0fa", "0fa000", "0fg0", " 0fa0", "0fa0 "})
    EXPECT_FALSE(read_hex(text, bytes)) << text;
}

} // namespace
} // namespace provisiond::postgres
