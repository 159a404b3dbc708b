#include "lookup/array_literal.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

namespace provisiond::lookup {
namespace {

LookupRequest request_for(std::uint16_t interface, std::uint8_t key_byte) {
  LookupRequest request;
  request.interface = InterfaceId{interface};
  request.key.bytes.fill(key_byte);
  return request;
}

TEST(ArrayLiteral, Networks) {
  const std::array<LookupRequest, 2> requests{request_for(1, 0), request_for(0, 0)};
  const std::vector<std::string> networks{"office", "fleet"};
  EXPECT_EQ(network_array(requests, networks), R"({"fleet","office"})");
}

TEST(ArrayLiteral, ANameCannotLeaveItsQuotes) {
  const std::array<LookupRequest, 1> requests{request_for(0, 0)};
  const std::vector<std::string> networks{R"(a"},{\)"};
  EXPECT_EQ(network_array(requests, networks), R"({"a\"},{\\"})");
}

TEST(ArrayLiteral, AnUnknownInterfaceHasTheEmptyName) {
  const std::array<LookupRequest, 1> requests{request_for(7, 0)};
  EXPECT_EQ(network_array(requests, {}), R"({""})");
}

TEST(ArrayLiteral, KeysAreHex) {
  const std::array<LookupRequest, 2> requests{request_for(0, 0x0f), request_for(0, 0xa0)};
  std::string expected = R"({"\\x)";
  for (int i = 0; i < 32; ++i)
    expected += "0f";
  expected += R"(","\\x)";
  for (int i = 0; i < 32; ++i)
    expected += "a0";
  expected += R"("})";
  EXPECT_EQ(key_array(requests), expected);
}

TEST(ArrayLiteral, NoRequestsMakeEmptyArrays) {
  EXPECT_EQ(network_array({}, {}), "{}");
  EXPECT_EQ(key_array({}), "{}");
}

} // namespace
} // namespace provisiond::lookup
