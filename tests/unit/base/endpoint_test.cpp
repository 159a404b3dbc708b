#include "base/endpoint.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string_view>

namespace provisiond {
namespace {

IpAddress address(const char* text) {
  return IpAddress::parse(text).value();
}

TEST(IpAddress, PrintsWhatItParsed) {
  for (const char* text : {"192.0.2.1", "0.0.0.0", "2001:db8::1", "::", "fe80::1"}) {
    EXPECT_EQ(address(text).to_string(), text);
  }
}

TEST(IpAddress, RefusesWhatIsNone) {
  for (const char* text : {"", "192.0.2", "192.0.2.256", "192.0.2.1 ", "2001:db8::1::", "host",
                           "fe80::1%eth0", "192.0.2.1/32"}) {
    EXPECT_FALSE(IpAddress::parse(text).has_value()) << text;
  }
}

// What follows the NUL would be believed to be a part of the address, and be written where it went.
TEST(IpAddress, RefusesWhatGoesOnBehindANul) {
  using namespace std::string_view_literals;
  EXPECT_FALSE(IpAddress::parse("192.0.2.1\0"sv).has_value());
  EXPECT_FALSE(IpAddress::parse("2001:db8::1\0x"sv).has_value());
  EXPECT_FALSE(Endpoint::parse("192.0.2.1\0\nPostUp = x:51820"sv).has_value());
  EXPECT_FALSE(IpPrefix::parse("10.0.0.0\0\nx/8"sv).has_value());
}

TEST(IpAddress, FromRawBytesIsTheSameAsParsed) {
  const std::array<std::uint8_t, 4> v4{192, 0, 2, 1};
  EXPECT_EQ(IpAddress::v4(v4), address("192.0.2.1"));
  std::array<std::uint8_t, 16> v6{0x20, 0x01, 0x0d, 0xb8};
  v6[15] = 1;
  EXPECT_EQ(IpAddress::v6(v6), address("2001:db8::1"));
}

TEST(IpAddress, SignificantBytesDependOnTheFamily) {
  EXPECT_EQ(address("192.0.2.1").significant().size(), 4U);
  EXPECT_EQ(address("2001:db8::1").significant().size(), 16U);
  EXPECT_EQ(address("192.0.2.1").bits(), 32U);
  EXPECT_EQ(address("2001:db8::1").bits(), 128U);
}

TEST(IpAddress, UnicastIsWhatARemoteHostCanOwn) {
  for (const char* text : {"192.0.2.1", "10.0.0.1", "2001:db8::1", "fe80::1"}) {
    EXPECT_TRUE(address(text).is_unicast()) << text;
  }
  for (const char* text :
       {"0.0.0.0", "127.0.0.1", "224.0.0.1", "255.255.255.255", "::", "::1", "ff02::1"}) {
    EXPECT_FALSE(address(text).is_unicast()) << text;
  }
}

TEST(IpAddress, LoopbackIsAWholeNetworkInIpv4) {
  EXPECT_TRUE(address("127.0.0.1").is_loopback());
  EXPECT_TRUE(address("127.1.2.3").is_loopback());
  EXPECT_TRUE(address("::1").is_loopback());
  EXPECT_FALSE(address("::2").is_loopback());
  EXPECT_FALSE(address("128.0.0.1").is_loopback());
}

TEST(Endpoint, PrintsWhatItParsed) {
  for (const char* text : {"192.0.2.1:51820", "192.0.2.1:0", "[2001:db8::1]:65535"}) {
    const std::optional<Endpoint> endpoint = Endpoint::parse(text);
    ASSERT_TRUE(endpoint.has_value()) << text;
    EXPECT_EQ(endpoint->to_string(), text);
  }
}

TEST(Endpoint, RefusesWhatIsNone) {
  for (const char* text :
       {"", ":", "192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:-1", "192.0.2.1:+1",
        "192.0.2.1:1 ", "192.0.2.1:0x1", "[192.0.2.1]:1", "2001:db8::1:51820", "2001:db8::1",
        "[2001:db8::1]", "[2001:db8::1]1", "[2001:db8::1:1", "host:1", "[]:1"}) {
    EXPECT_FALSE(Endpoint::parse(text).has_value()) << text;
  }
}

TEST(Endpoint, SurvivesASockaddr) {
  Endpoint link_local = Endpoint::parse("[fe80::1]:1000").value();
  link_local.scope = 3;
  for (const Endpoint& endpoint : {Endpoint::parse("192.0.2.1:51820").value(), link_local}) {
    sockaddr_storage storage;
    const socklen_t length = endpoint.to_sockaddr(storage);
    EXPECT_EQ(Endpoint::from(reinterpret_cast<const sockaddr*>(&storage), length), endpoint);
  }
}

TEST(Endpoint, RefusesAShortOrForeignSockaddr) {
  sockaddr_storage storage;
  const socklen_t length = Endpoint::parse("[2001:db8::1]:1").value().to_sockaddr(storage);
  const sockaddr* bare = reinterpret_cast<const sockaddr*>(&storage);
  EXPECT_FALSE(Endpoint::from(bare, length - 1).has_value());
  storage.ss_family = AF_UNIX;
  EXPECT_FALSE(Endpoint::from(bare, length).has_value());
}

TEST(IpPrefix, PrintsWhatItParsed) {
  for (const char* text : {"192.0.2.0/24", "0.0.0.0/0", "192.0.2.1/32", "2001:db8::/32", "::/0"}) {
    const std::optional<IpPrefix> prefix = IpPrefix::parse(text);
    ASSERT_TRUE(prefix.has_value()) << text;
    EXPECT_EQ(prefix->to_string(), text);
  }
}

TEST(IpPrefix, WithoutALengthIsOneAddress) {
  EXPECT_EQ(IpPrefix::parse("192.0.2.1").value().to_string(), "192.0.2.1/32");
  EXPECT_EQ(IpPrefix::parse("2001:db8::1").value().to_string(), "2001:db8::1/128");
}

TEST(IpPrefix, RefusesWhatIsNone) {
  for (const char* text : {"", "/", "/24", "192.0.2.0/", "192.0.2.0/33", "192.0.2.0/-1",
                           "192.0.2.1/24", "2001:db8::/129", "2001:db8::1/64", "192.0.2.0/24/24",
                           "192.0.2.0/2 4", "192.0.2.0/99999999999"}) {
    EXPECT_FALSE(IpPrefix::parse(text).has_value()) << text;
  }
}

TEST(IpPrefix, CoveringClearsTheHostBits) {
  EXPECT_EQ(IpPrefix::covering(address("192.0.2.255"), 25).to_string(), "192.0.2.128/25");
  EXPECT_EQ(IpPrefix::covering(address("2001:db8:1:2:3::"), 64).to_string(), "2001:db8:1:2::/64");
  EXPECT_EQ(IpPrefix::covering(address("192.0.2.1"), 99).to_string(), "192.0.2.1/32");
  EXPECT_EQ(IpPrefix::covering(address("192.0.2.1"), 0).to_string(), "0.0.0.0/0");
}

TEST(IpPrefix, ContainsItsAddressesAndNoOthers) {
  const IpPrefix prefix = IpPrefix::parse("192.0.2.0/25").value();
  EXPECT_TRUE(prefix.contains(address("192.0.2.0")));
  EXPECT_TRUE(prefix.contains(address("192.0.2.127")));
  EXPECT_FALSE(prefix.contains(address("192.0.2.128")));
  EXPECT_FALSE(prefix.contains(address("c000:200::"))); // the same first bytes
  EXPECT_TRUE(IpPrefix::parse("::/0").value().contains(address("2001:db8::1")));
  EXPECT_FALSE(IpPrefix::parse("::/0").value().contains(address("192.0.2.1")));
}

} // namespace
} // namespace provisiond
