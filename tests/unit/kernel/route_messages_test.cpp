#include "kernel/route_messages.hpp"
#include "support/netlink_bytes.hpp"

#include <gtest/gtest.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace provisiond::kernel {
namespace {

using test::attribute;
using test::ByteVector;
using test::message;
using test::raw;
using Action = RouteChange::Action;

const RouteTarget target{.ifindex = 7, .table = 1000};
const ByteVector v4_net{198, 51, 100, 0};
const ByteVector v6_net{0x20, 0x01, 0x0d, 0xb8, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};

IpPrefix prefix(const char* text) {
  return IpPrefix::parse(text).value();
}

rtmsg header(unsigned char family, unsigned char length) {
  rtmsg header{};
  header.rtm_family = family;
  header.rtm_dst_len = length;
  header.rtm_protocol = route_protocol;
  header.rtm_scope = RT_SCOPE_LINK;
  header.rtm_type = RTN_UNICAST;
  return header;
}

ByteVector target_attributes(std::uint32_t ifindex = 7, std::uint32_t table = 1000) {
  return attribute(RTA_OIF, raw(ifindex)) + attribute(RTA_TABLE, raw(table));
}

ByteVector written(const RouteChange& change) {
  WipedBuffer out{maximum_route_message_bytes};
  append_route_change(target, change, 5, out);
  const std::span<const std::uint8_t> bytes = out.filled();
  return {bytes.begin(), bytes.end()};
}

std::optional<IpPrefix> read(const rtmsg& header, const ByteVector& attributes) {
  const ByteVector payload = raw(header) + attributes;
  return read_route({.type = RTM_NEWROUTE, .flags = 0, .sequence = 0, .payload = payload}, target);
}

TEST(RouteChange, IsAddedOnlyWhereNoneIs) {
  EXPECT_EQ(written({Action::add, prefix("198.51.100.0/24")}),
            message({.type = RTM_NEWROUTE,
                     .flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL,
                     .sequence = 5},
                    raw(header(AF_INET, 24)) + attribute(RTA_DST, v4_net) + target_attributes()));
}

TEST(RouteChange, IsRemovedByProtocolInterfaceAndTable) {
  rtmsg expected = header(AF_INET6, 48);
  expected.rtm_scope = RT_SCOPE_NOWHERE;
  EXPECT_EQ(written({Action::remove, prefix("2001:db8:5::/48")}),
            message({.type = RTM_DELROUTE, .flags = NLM_F_REQUEST | NLM_F_ACK, .sequence = 5},
                    raw(expected) + attribute(RTA_DST, v6_net) + target_attributes()));
}

TEST(GetRoutes, NamesTheProtocolTheInterfaceAndTheTable) {
  WipedBuffer out{maximum_route_message_bytes};
  append_get_routes(target, IpAddress::Family::v6, 9, out);
  rtmsg expected{};
  expected.rtm_family = AF_INET6;
  expected.rtm_protocol = route_protocol;
  const std::span<const std::uint8_t> bytes = out.filled();
  EXPECT_EQ((ByteVector{bytes.begin(), bytes.end()}),
            message({.type = RTM_GETROUTE, .flags = NLM_F_REQUEST | NLM_F_DUMP, .sequence = 9},
                    raw(expected) + target_attributes()));
}

TEST(ReadRoute, ReadsBothFamilies) {
  EXPECT_EQ(read(header(AF_INET, 24), attribute(RTA_DST, v4_net) + target_attributes()),
            prefix("198.51.100.0/24"));
  EXPECT_EQ(read(header(AF_INET6, 48), attribute(RTA_DST, v6_net) + target_attributes()),
            prefix("2001:db8:5::/48"));
  EXPECT_EQ(read(header(AF_INET, 0), target_attributes()), prefix("0.0.0.0/0"));
  EXPECT_EQ(read(header(AF_INET6, 0), target_attributes()), prefix("::/0"));
}

TEST(ReadRoute, SmallTablesMayStandInTheHeader) {
  rtmsg main = header(AF_INET, 24);
  main.rtm_table = RT_TABLE_MAIN;
  const ByteVector payload =
      raw(main) + attribute(RTA_DST, v4_net) + attribute(RTA_OIF, raw(std::uint32_t{7}));
  EXPECT_EQ(read_route({.type = RTM_NEWROUTE, .flags = 0, .sequence = 0, .payload = payload},
                       {.ifindex = 7, .table = main_route_table}),
            prefix("198.51.100.0/24"));
}

TEST(ReadRoute, OthersRoutesAreNotOurs) {
  const ByteVector destination = attribute(RTA_DST, v4_net);
  rtmsg by_hand = header(AF_INET, 24);
  by_hand.rtm_protocol = RTPROT_BOOT;
  EXPECT_FALSE(read(by_hand, destination + target_attributes()));
  EXPECT_FALSE(read(header(AF_INET, 24), destination + target_attributes(8)));
  EXPECT_FALSE(read(header(AF_INET, 24), destination + target_attributes(7, 1001)));
  EXPECT_FALSE(read(header(AF_INET, 24), destination)); // to no interface
  rtmsg cached = header(AF_INET6, 48);
  cached.rtm_flags = RTM_F_CLONED;
  EXPECT_FALSE(read(cached, attribute(RTA_DST, v6_net) + target_attributes()));
  rtmsg blackhole = header(AF_INET, 24);
  blackhole.rtm_type = RTN_BLACKHOLE;
  EXPECT_FALSE(read(blackhole, destination + target_attributes()));
}

TEST(ReadRoute, MalformedMessagesAreIgnored) {
  EXPECT_FALSE(read(header(AF_INET, 33), attribute(RTA_DST, v4_net) + target_attributes()));
  EXPECT_FALSE(read(header(AF_INET, 24), attribute(RTA_DST, v6_net) + target_attributes()));
  EXPECT_FALSE(read(header(AF_INET6, 48), attribute(RTA_DST, v4_net) + target_attributes()));
  EXPECT_FALSE(read(header(AF_INET, 24), target_attributes()));
  EXPECT_FALSE(read(header(AF_PACKET, 24), attribute(RTA_DST, v4_net) + target_attributes()));
  const ByteVector stub(11, 0);
  EXPECT_FALSE(
      read_route({.type = RTM_NEWROUTE, .flags = 0, .sequence = 0, .payload = stub}, target));
}

TEST(ReadSubnet, IsTheNetworkOfTheAddress) {
  ifaddrmsg address{};
  address.ifa_family = AF_INET;
  address.ifa_prefixlen = 16;
  address.ifa_index = 7;
  const ByteVector payload =
      raw(address) + attribute(IFA_ADDRESS, {10, 80, 0, 1}) + attribute(IFA_LOCAL, {10, 80, 0, 1});
  const NetlinkMessage told{.type = RTM_NEWADDR, .flags = 0, .sequence = 0, .payload = payload};
  EXPECT_EQ(read_subnet(told), (AddressSubnet{.ifindex = 7, .prefix = prefix("10.80.0.0/16")}));
}

TEST(ReadSubnet, OfAnAddressWithAPeerIsThePeers) {
  ifaddrmsg address{};
  address.ifa_family = AF_INET;
  address.ifa_prefixlen = 32;
  address.ifa_index = 7;
  const ByteVector payload =
      raw(address) + attribute(IFA_LOCAL, {10, 80, 0, 1}) + attribute(IFA_ADDRESS, {10, 80, 0, 9});
  EXPECT_EQ(read_subnet({.type = RTM_NEWADDR, .flags = 0, .sequence = 0, .payload = payload}),
            (AddressSubnet{.ifindex = 7, .prefix = prefix("10.80.0.9/32")}));
}

TEST(ReadSubnet, WithoutAnAddressThereIsNone) {
  ifaddrmsg address{};
  address.ifa_family = AF_INET;
  address.ifa_index = 7;
  const ByteVector payload = raw(address);
  EXPECT_FALSE(read_subnet({.type = RTM_NEWADDR, .flags = 0, .sequence = 0, .payload = payload}));
}

std::vector<IpAddress> hops(const rtmsg& head, const ByteVector& attributes) {
  const ByteVector payload = raw(head) + attributes;
  return read_next_hops({.type = RTM_NEWROUTE, .flags = 0, .sequence = 0, .payload = payload},
                        main_route_table);
}

TEST(ReadNextHops, AreThoseOfEachPath) {
  const ByteVector in_main = attribute(RTA_TABLE, {254, 0, 0, 0});
  const ByteVector gateway = attribute(RTA_GATEWAY, {192, 0, 2, 254});
  EXPECT_EQ(hops(header(AF_INET, 0), in_main + gateway),
            std::vector{IpAddress::parse("192.0.2.254").value()});
  // An IPv4 route by way of an IPv6 router.
  ByteVector via{AF_INET6, 0};
  via = via + ByteVector(15, 0) + ByteVector{1};
  EXPECT_EQ(hops(header(AF_INET, 0), in_main + attribute(RTA_VIA, via)),
            std::vector{IpAddress::parse("::1").value()});
  rtnexthop path{};
  path.rtnh_len = sizeof path + 8;
  const ByteVector paths = raw(path) + gateway + raw(path) + gateway;
  EXPECT_EQ(hops(header(AF_INET, 0), in_main + attribute(RTA_MULTIPATH, paths)).size(), 2U);
  path.rtnh_len = 200; // beyond the end
  EXPECT_TRUE(hops(header(AF_INET, 0), in_main + attribute(RTA_MULTIPATH, raw(path))).empty());
}

TEST(ReadNextHops, OfAnotherTableOrStraightToTheirDestinationThereAreNone) {
  const ByteVector gateway = attribute(RTA_GATEWAY, {192, 0, 2, 254});
  EXPECT_TRUE(hops(header(AF_INET, 0), attribute(RTA_TABLE, {9, 0, 0, 0}) + gateway).empty());
  EXPECT_TRUE(hops(header(AF_INET, 24), attribute(RTA_TABLE, {254, 0, 0, 0})).empty());
  EXPECT_TRUE(hops(header(AF_INET, 0),
                   attribute(RTA_TABLE, {254, 0, 0, 0}) + attribute(RTA_GATEWAY, {192, 0, 2}))
                  .empty());
}

} // namespace
} // namespace provisiond::kernel
