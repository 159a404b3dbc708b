#include "flood/target.hpp"

#include <gtest/gtest.h>

namespace provisiond::flood {
namespace {

IpAddress ip(std::string_view text) {
  return IpAddress::parse(text).value();
}

// One interface to another namespace, 192.0.2.2/24, which has 192.0.2.1; one card, 10.0.0.5/24.
Surroundings two_interfaces() {
  return {.subnets = {{.address = ip("192.0.2.2"), .length = 24, .is_veth = true},
                      {.address = ip("10.0.0.5"), .length = 24, .is_veth = false}},
          .of_namespaces = {ip("192.0.2.1"), ip("10.0.0.1"), ip("198.51.100.1")},
          .source = ip("192.0.2.2")};
}

TEST(TargetTest, LoopbackAndOwnAddressesAreHere) {
  EXPECT_TRUE(stays_here(ip("127.0.0.1"), {}));
  EXPECT_TRUE(stays_here(ip("::1"), {}));
  EXPECT_TRUE(stays_here(ip("192.0.2.2"), two_interfaces()));
  EXPECT_TRUE(stays_here(ip("10.0.0.5"), two_interfaces()));
}

TEST(TargetTest, SoIsANamedNamespaceAtTheOtherEndOfAVeth) {
  EXPECT_TRUE(stays_here(ip("192.0.2.1"), two_interfaces()));
}

TEST(TargetTest, AnotherMachineIsNot) {
  EXPECT_FALSE(stays_here(ip("192.0.2.7"), two_interfaces())) << "nobody's here";
  EXPECT_FALSE(stays_here(ip("203.0.113.9"), two_interfaces())) << "behind a router";
  EXPECT_FALSE(stays_here(ip("198.51.100.1"), two_interfaces())) << "here, but behind a router";
}

// A namespace may have the address that the router of the network outside has.
TEST(TargetTest, AnAddressThatIsReachedByTheCardIsNot) {
  Surroundings surroundings = two_interfaces();
  surroundings.source = ip("10.0.0.5");
  EXPECT_FALSE(stays_here(ip("10.0.0.1"), surroundings));
  surroundings = two_interfaces();
  surroundings.source = ip("10.0.0.5"); // the routing table sends it there
  EXPECT_FALSE(stays_here(ip("192.0.2.1"), surroundings));
  surroundings.source = std::nullopt;
  EXPECT_FALSE(stays_here(ip("192.0.2.1"), surroundings)) << "no route";
}

TEST(TargetTest, WithoutTheRightToLookIntoNamespacesTheyAreRefused) {
  Surroundings surroundings = two_interfaces();
  surroundings.of_namespaces.clear();
  EXPECT_FALSE(stays_here(ip("192.0.2.1"), surroundings));
}

TEST(TargetTest, MadeUpSourcesAreThoseThatNobodyHas) {
  for (const char* text : {"198.18.0.0/15", "192.0.2.2/32", "10.1.0.0/16", "fd00::/64"})
    EXPECT_TRUE(is_nobodys(IpPrefix::parse(text).value())) << text;
  for (const char* text : {"0.0.0.0/0", "8.8.8.0/24", "198.0.0.0/8", "2a00::/16", "::/0"})
    EXPECT_FALSE(is_nobodys(IpPrefix::parse(text).value())) << text;
}

TEST(TargetTest, ARefusalSaysWhatToDo) {
  Order order{.kinds = {Kind::unknown}, .to = Endpoint::parse("203.0.113.9:51820").value()};
  const Status elsewhere = check_stays_here(order, two_interfaces());
  ASSERT_FALSE(elsewhere);
  EXPECT_NE(elsewhere.error().message().find("--i-own-the-target"), std::string::npos);
  order.to = Endpoint::parse("127.0.0.1:51820").value();
  EXPECT_TRUE(check_stays_here(order, two_interfaces()));
  order.source_prefix = IpPrefix::parse("8.8.8.0/24");
  EXPECT_FALSE(check_stays_here(order, two_interfaces()));
}

TEST(TargetTest, ThisMachineIsLookedAt) {
  const Endpoint loopback = Endpoint::parse("127.0.0.1:9").value();
  EXPECT_TRUE(stays_here(loopback.address, look_around(loopback)));
}

} // namespace
} // namespace provisiond::flood
