#include "kernel/change_part.hpp"

#include <gtest/gtest.h>

namespace provisiond::kernel {
namespace {

constexpr std::size_t limit = ChangePart::maximum_allowed_ips;

PeerChange with_allowed_ips(std::size_t count) {
  PeerChange change;
  change.keepalive_seconds = 25;
  change.allowed_ips.emplace(count, IpPrefix{});
  return change;
}

TEST(ChangePart, MostChangesHaveOne) {
  PeerChange change;
  EXPECT_EQ(count_parts(change), 1U);
  const ChangePart part = part_of(change, 0);
  EXPECT_TRUE(part.is_first());
  EXPECT_TRUE(part.is_last());
  EXPECT_FALSE(part.replaces_allowed_ips());
  EXPECT_FALSE(part.sets_keepalive());
  EXPECT_FALSE(part.only_updates());
  EXPECT_TRUE(part.allowed_ips.empty());
  EXPECT_EQ(count_parts(with_allowed_ips(limit)), 1U);
}

TEST(ChangePart, NoAllowedIpsAtAllReplacesThoseThatAreThere) {
  const PeerChange change = with_allowed_ips(0);
  EXPECT_EQ(count_parts(change), 1U);
  EXPECT_TRUE(part_of(change, 0).replaces_allowed_ips());
}

TEST(ChangePart, ManyAllowedIpsAreSplit) {
  const PeerChange change = with_allowed_ips(2 * limit + 1);
  ASSERT_EQ(count_parts(change), 3U);
  const ChangePart first = part_of(change, 0);
  EXPECT_EQ(first.allowed_ips.size(), limit);
  EXPECT_TRUE(first.replaces_allowed_ips());
  EXPECT_FALSE(first.only_updates());
  EXPECT_FALSE(first.sets_keepalive());
  const ChangePart second = part_of(change, 1);
  EXPECT_EQ(second.allowed_ips.data(), change.allowed_ips->data() + limit);
  EXPECT_FALSE(second.replaces_allowed_ips());
  EXPECT_TRUE(second.only_updates()) << "a refused first part must not leave half a peer behind";
  EXPECT_FALSE(second.sets_keepalive());
  const ChangePart last = part_of(change, 2);
  EXPECT_EQ(last.allowed_ips.size(), 1U);
  EXPECT_TRUE(last.is_last());
  EXPECT_TRUE(last.sets_keepalive());
}

TEST(ChangePart, RemovalNeedsNoMoreThanTheKey) {
  PeerChange change = with_allowed_ips(5 * limit);
  change.action = PeerChange::Action::remove;
  ASSERT_EQ(count_parts(change), 1U);
  const ChangePart part = part_of(change, 0);
  EXPECT_TRUE(part.removes());
  EXPECT_TRUE(part.allowed_ips.empty());
  EXPECT_FALSE(part.sets_keepalive());
}

TEST(ChangePart, UpdateOnlyUpdates) {
  PeerChange change;
  change.action = PeerChange::Action::update;
  EXPECT_TRUE(part_of(change, 0).only_updates());
}

} // namespace
} // namespace provisiond::kernel
