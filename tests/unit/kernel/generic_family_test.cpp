#include "kernel/generic_family.hpp"
#include "support/netlink_bytes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/genetlink.h>

#include <cerrno>
#include <random>

namespace provisiond::kernel {
namespace {

using test::attribute;
using test::ByteVector;
using test::generic_header;
using test::raw;
using test::text;
using Kind = FamilyEvent::Kind;

ByteVector group(std::uint16_t index, std::string_view name, std::uint32_t id) {
  return attribute(index | NLA_F_NESTED, attribute(CTRL_ATTR_MCAST_GRP_ID, raw(id)) +
                                             attribute(CTRL_ATTR_MCAST_GRP_NAME, text(name)));
}

// As the kernel tells of a family with two groups.
ByteVector announcement(std::uint8_t command) {
  return generic_header(command, 2) + attribute(CTRL_ATTR_FAMILY_NAME, text("amneziawg")) +
         attribute(CTRL_ATTR_FAMILY_ID, raw(std::uint16_t{34})) +
         attribute(CTRL_ATTR_VERSION, raw(std::uint32_t{3})) +
         attribute(CTRL_ATTR_HDRSIZE, raw(std::uint32_t{0})) +
         attribute(CTRL_ATTR_MAXATTR, raw(std::uint32_t{32})) +
         attribute(CTRL_ATTR_MCAST_GROUPS, group(1, "auth", 9) + group(2, "other", 10));
}

const GenericFamily family{
    .name = "amneziawg", .id = 34, .version = 3, .groups = {{"auth", 9}, {"other", 10}}};

std::optional<FamilyEvent> read(const ByteVector& payload, std::uint16_t type = GENL_ID_CTRL) {
  return read_family_event({.type = type, .flags = 0, .sequence = 0, .payload = payload});
}

TEST(ReadFamilyEvent, TellsWhatCameAndWent) {
  EXPECT_EQ(read(announcement(CTRL_CMD_NEWFAMILY)), (FamilyEvent{Kind::appeared, family}));
  EXPECT_EQ(read(announcement(CTRL_CMD_DELFAMILY)), (FamilyEvent{Kind::gone, family}));
}

TEST(ReadFamilyEvent, OtherMessagesAreNone) {
  EXPECT_FALSE(read(announcement(CTRL_CMD_NEWMCAST_GRP)));
  EXPECT_FALSE(read(announcement(CTRL_CMD_GETFAMILY)));
  EXPECT_FALSE(read(announcement(CTRL_CMD_NEWFAMILY), 34));
  EXPECT_FALSE(read({CTRL_CMD_NEWFAMILY, 2, 0}));
  EXPECT_FALSE(read(generic_header(CTRL_CMD_NEWFAMILY)));
}

TEST(ReadFamilyEvent, FamilyWithoutNameOrNumberIsNone) {
  const ByteVector header = generic_header(CTRL_CMD_NEWFAMILY);
  const ByteVector name = attribute(CTRL_ATTR_FAMILY_NAME, text("wireguard"));
  EXPECT_FALSE(read(header + name));
  EXPECT_FALSE(read(header + attribute(CTRL_ATTR_FAMILY_ID, raw(std::uint16_t{34}))));
  EXPECT_FALSE(read(header + name + attribute(CTRL_ATTR_FAMILY_ID, raw(std::uint32_t{34}))));
  EXPECT_FALSE(read(header + name + attribute(CTRL_ATTR_FAMILY_ID, raw(std::uint16_t{3}))))
      << "numbers below GENL_MIN_ID are netlink's own message types";
}

TEST(ReadFamilyEvent, GroupsWithoutNameOrNumberAreLeftOut) {
  const ByteVector groups =
      attribute(1, attribute(CTRL_ATTR_MCAST_GRP_NAME, text("auth"))) +
      attribute(2, attribute(CTRL_ATTR_MCAST_GRP_ID, raw(std::uint32_t{9}))) +
      attribute(3, attribute(CTRL_ATTR_MCAST_GRP_NAME, text("auth")) +
                       attribute(CTRL_ATTR_MCAST_GRP_ID, raw(std::uint64_t{9}))) +
      attribute(4, {});
  const std::optional<FamilyEvent> event =
      read(generic_header(CTRL_CMD_NEWFAMILY) + attribute(CTRL_ATTR_FAMILY_NAME, text("x")) +
           attribute(CTRL_ATTR_FAMILY_ID, raw(std::uint16_t{34})) +
           attribute(CTRL_ATTR_MCAST_GROUPS, groups));
  ASSERT_TRUE(event);
  EXPECT_THAT(event->family.groups, testing::IsEmpty());
  EXPECT_EQ(event->family.group("auth"), std::nullopt);
}

// The sanitizer presets would tell of a read out of bounds.
TEST(ReadFamilyEvent, SurvivesTruncationAndDamage) {
  const ByteVector whole = announcement(CTRL_CMD_NEWFAMILY);
  for (std::size_t length = 0; length < whole.size(); ++length)
    static_cast<void>(read({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)}));
  std::minstd_rand random{1};
  for (int round = 0; round < 20'000; ++round) {
    ByteVector damaged = whole;
    for (int count = 0; count < 3; ++count)
      damaged[random() % damaged.size()] = static_cast<std::uint8_t>(random());
    const std::optional<FamilyEvent> event = read(damaged);
    EXPECT_LE(event ? event->family.groups.size() : 0U, 16U);
  }
}

TEST(GenericFamily, FindsItsGroupByName) {
  EXPECT_EQ(family.group("auth"), 9U);
  EXPECT_EQ(family.group("other"), 10U);
  EXPECT_EQ(family.group("aut"), std::nullopt);
}

// The controller is a family too, the only one that every kernel has.
class Controller : public testing::Test {
 protected:
  Controller() { EXPECT_TRUE(socket_) << socket_.error().message(); }

  Result<NetlinkSocket> socket_ = NetlinkSocket::open(NETLINK_GENERIC);
};

TEST_F(Controller, IsFoundByNameAndInTheList) {
  const Result<GenericFamily> asked = resolve_family(*socket_, "nlctrl");
  ASSERT_TRUE(asked) << asked.error().message();
  EXPECT_EQ(asked->id, GENL_ID_CTRL);
  EXPECT_TRUE(asked->group("notify"));
  const Result<GenericFamily> found = find_family(*socket_, "nlctrl");
  ASSERT_TRUE(found) << found.error().message();
  EXPECT_EQ(*found, *asked);
}

TEST_F(Controller, SaysThatThereIsNoSuchFamily) {
  const std::string name = "no-family";
  for (const Result<GenericFamily>& none :
       {resolve_family(*socket_, name), find_family(*socket_, name)}) {
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code(), ENOENT);
    EXPECT_THAT(none.error().message(), testing::HasSubstr(name));
  }
}

TEST_F(Controller, MonitorNeverBlocks) {
  Result<FamilyMonitor> monitor = FamilyMonitor::open();
  ASSERT_TRUE(monitor) << monitor.error().message();
  EXPECT_GE(monitor->fd(), 0);
  for (const FamilyEvent& event : monitor->read())
    EXPECT_NE(event.kind, Kind::overrun);
}

TEST(NetlinkSocket, GrantsAReceiveBufferAndCountsDrops) {
  Result<NetlinkSocket> socket = NetlinkSocket::subscribe(NETLINK_GENERIC, 0);
  ASSERT_TRUE(socket) << socket.error().message();
  ASSERT_TRUE(socket->set_receive_buffer(std::size_t{64} << 10));
  EXPECT_EQ(socket->receive_buffer().value(), std::size_t{128} << 10);
  EXPECT_EQ(socket->drops().value(), 0U);
}

TEST(NetlinkSocket, JoinsAndLeavesGroups) {
  Result<NetlinkSocket> socket = NetlinkSocket::open(NETLINK_GENERIC);
  ASSERT_TRUE(socket) << socket.error().message();
  const std::uint32_t group = resolve_family(*socket, "nlctrl")->group("notify").value();
  EXPECT_TRUE(socket->join(group));
  EXPECT_TRUE(socket->join(group));
  EXPECT_TRUE(socket->leave(group));
  EXPECT_TRUE(socket->leave(group));
  EXPECT_FALSE(socket->join(100'000));
}

} // namespace
} // namespace provisiond::kernel
