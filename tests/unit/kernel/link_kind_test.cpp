#include "kernel/link_kind.hpp"
#include "support/netlink_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <cerrno>

namespace provisiond::kernel {
namespace {

using test::attribute;
using test::ByteVector;
using test::raw;
using test::text;

std::optional<std::string> read(const ByteVector& payload, std::uint16_t type = RTM_NEWLINK) {
  return read_link_kind({.type = type, .flags = 0, .sequence = 0, .payload = payload});
}

const ByteVector link = raw(ifinfomsg{});
const ByteVector kind =
    attribute(IFLA_INFO_XSTATS, {}) + attribute(IFLA_INFO_KIND, text("amneziawg"));

TEST(ReadLinkKind, FindsItInItsNest) {
  EXPECT_EQ(read(link + attribute(IFLA_IFNAME, text("awg0")) + attribute(IFLA_LINKINFO, kind)),
            "amneziawg");
  EXPECT_EQ(read(link + attribute(IFLA_LINKINFO | NLA_F_NESTED, kind)), "amneziawg");
}

TEST(ReadLinkKind, IsEmptyWhereThereIsNone) {
  EXPECT_EQ(read(link), "");
  EXPECT_EQ(read(link + attribute(IFLA_IFNAME, text("lo"))), "");
  EXPECT_EQ(read(link + attribute(IFLA_LINKINFO, {})), "");
  EXPECT_EQ(read(link + ByteVector{9, 0, 18}), "");
}

TEST(ReadLinkKind, OtherMessagesSayNothing) {
  EXPECT_FALSE(read(link + attribute(IFLA_LINKINFO, kind), RTM_DELLINK));
  EXPECT_FALSE(read(ByteVector(sizeof(ifinfomsg) - 1)));
}

TEST(LinkKind, LoopbackHasNone) {
  const std::uint32_t loopback = if_nametoindex("lo");
  ASSERT_NE(loopback, 0U);
  const Result<std::string> found = link_kind(loopback);
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(*found, "");
  const Result<WgFamily> family = wg_family_of(loopback);
  ASSERT_FALSE(family);
  EXPECT_EQ(family.error().code(), EOPNOTSUPP);
}

TEST(LinkKind, SaysThatThereIsNoSuchInterface) {
  for (const std::uint32_t ifindex : {0U, 0x7fffffffU}) {
    const Result<WgFamily> family = wg_family_of(ifindex);
    ASSERT_FALSE(family);
    EXPECT_EQ(family.error().code(), ENODEV);
    EXPECT_THAT(family.error().message(), testing::HasSubstr(std::to_string(ifindex)));
  }
}

TEST(WgDialect, IsToldByTheKindOfTheLink) {
  EXPECT_EQ(dialect_of_kind("wireguard"), WgDialect::wireguard);
  EXPECT_EQ(dialect_of_kind("amneziawg"), WgDialect::amneziawg);
  for (const std::string_view other : {"", "tun", "wireguard2", "wire"})
    EXPECT_FALSE(dialect_of_kind(other));
}

} // namespace
} // namespace provisiond::kernel
