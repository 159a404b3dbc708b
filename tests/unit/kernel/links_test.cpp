#include "kernel/links.hpp"
#include "support/netlink_bytes.hpp"

#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

namespace provisiond::kernel {
namespace {

using test::attribute;
using test::ByteVector;
using test::raw;
using test::text;
using Kind = LinkEvent::Kind;

ByteVector link(int ifindex, unsigned change, unsigned char family = AF_UNSPEC) {
  ifinfomsg header{};
  header.ifi_family = family;
  header.ifi_index = ifindex;
  header.ifi_change = change;
  return raw(header);
}

std::optional<LinkEvent> read(std::uint16_t type, const ByteVector& payload) {
  return read_link({.type = type, .flags = 0, .sequence = 0, .payload = payload});
}

const ByteVector name = attribute(IFLA_MTU, raw(1500)) + attribute(IFLA_IFNAME, text("wg0"));

TEST(ReadLink, TellsWhatHappened) {
  EXPECT_EQ(read(RTM_NEWLINK, link(4, ~0U) + name), (LinkEvent{Kind::added, 4, "wg0"}));
  EXPECT_EQ(read(RTM_NEWLINK, link(4, 1) + name), (LinkEvent{Kind::changed, 4, "wg0"}));
  EXPECT_EQ(read(RTM_DELLINK, link(4, ~0U) + name), (LinkEvent{Kind::removed, 4, "wg0"}));
}

TEST(ReadLink, PlaceInABridgeIsNoLinkEvent) {
  EXPECT_FALSE(read(RTM_DELLINK, link(4, 0, AF_BRIDGE) + name));
}

TEST(ReadLink, ForeignAndMalformedMessagesAreIgnored) {
  EXPECT_FALSE(read(RTM_NEWADDR, link(4, 0) + name));
  EXPECT_FALSE(read(RTM_NEWLINK, ByteVector(15, 0)));
  EXPECT_FALSE(read(RTM_NEWLINK, link(0, 0) + name));
  EXPECT_FALSE(read(RTM_NEWLINK, link(-1, 0) + name));
  EXPECT_FALSE(read(RTM_NEWLINK, link(4, 0)));
  EXPECT_FALSE(read(RTM_NEWLINK, link(4, 0) + attribute(IFLA_IFNAME, {})));
  EXPECT_FALSE(read(RTM_NEWLINK, link(4, 0) + ByteVector{9, 0, 3}));
}

TEST(LinkMonitor, ReadNeverBlocks) {
  Result<LinkMonitor> monitor = LinkMonitor::open();
  ASSERT_TRUE(monitor) << monitor.error().message();
  EXPECT_GE(monitor->fd(), 0);
  for (const LinkEvent& event : monitor->read())
    EXPECT_NE(event.kind, Kind::overrun);
}

} // namespace
} // namespace provisiond::kernel
