#include "initiator/packet_sender.hpp"

#include <gtest/gtest.h>

namespace provisiond::initiator {
namespace {

std::string source(std::string_view prefix, std::uint64_t number) {
  return source_in(IpPrefix::parse(prefix).value(), number).to_string();
}

TEST(SourceInTest, TheFirstAddressNamesTheNetwork) {
  EXPECT_EQ(source("198.18.0.0/15", 0), "198.18.0.1");
  EXPECT_EQ(source("198.18.0.0/15", 255), "198.18.1.0");
  EXPECT_EQ(source("2001:db8::/64", 1), "2001:db8::2");
}

TEST(SourceInTest, APrefixOfOneAddressIsThatAddress) {
  EXPECT_EQ(source("192.0.2.2/32", 0), "192.0.2.2");
  EXPECT_EQ(source("192.0.2.2/32", 7), "192.0.2.2");
  EXPECT_EQ(source("2001:db8::2/128", 0), "2001:db8::2");
}

TEST(SourceInTest, BeyondThePrefixItBeginsAgain) {
  EXPECT_EQ(source("192.0.2.0/30", 2), "192.0.2.3");
  EXPECT_EQ(source("192.0.2.0/30", 3), "192.0.2.1");
}

} // namespace
} // namespace provisiond::initiator
