#include "base/allowed_ip_index.hpp"
#include "install/plan.hpp"

#include <gtest/gtest.h>

namespace provisiond::install {
namespace {

PublicKey key(std::uint8_t number) {
  PublicKey key;
  key.bytes.fill(number);
  return key;
}

std::vector<IpPrefix> prefixes(std::initializer_list<const char*> texts) {
  std::vector<IpPrefix> parsed;
  for (const char* text : texts)
    parsed.push_back(IpPrefix::parse(text).value());
  return parsed;
}

TEST(Plan, ReplacesEverythingAndSaysNothingOfEndpointAndKeepalive) {
  PeerRecord record;
  record.key = key(1);
  record.keepalive_seconds = 25;
  record.allowed_ips = prefixes({"10.80.0.2/32"});
  const kernel::PeerChange change = plan(record);
  EXPECT_EQ(change.action, kernel::PeerChange::Action::set);
  EXPECT_EQ(change.key, key(1));
  EXPECT_EQ(change.allowed_ips, prefixes({"10.80.0.2/32"}));
  EXPECT_FALSE(change.endpoint);
  EXPECT_FALSE(change.keepalive_seconds);
}

TEST(Plan, HandsThePresharedKeyOver) {
  PeerRecord record;
  const std::array<std::uint8_t, 32> bytes{7};
  record.preshared_key.emplace(std::span{bytes});
  const kernel::PeerChange change = plan(record);
  ASSERT_TRUE(change.preshared_key);
  EXPECT_EQ(change.preshared_key->bytes()[0], 7);
  EXPECT_FALSE(record.preshared_key);
}

TEST(Plan, ClearsAPresharedKeyThatTheDeviceMayHave) {
  PeerRecord record;
  const kernel::PeerChange change = plan(record);
  ASSERT_TRUE(change.preshared_key);
  EXPECT_TRUE(change.preshared_key->is_zero());
}

TEST(AllowedIpIndex, FindsTheSameAWiderAndANarrowerPrefix) {
  AllowedIpIndex index;
  index.assign(key(1), prefixes({"10.1.0.0/16", "2001:db8::/48"}));
  EXPECT_EQ(index.conflict(key(2), prefixes({"10.1.0.0/16"})), key(1));
  EXPECT_EQ(index.conflict(key(2), prefixes({"10.1.2.3/32"})), key(1));
  EXPECT_EQ(index.conflict(key(2), prefixes({"10.0.0.0/8"})), key(1));
  EXPECT_EQ(index.conflict(key(2), prefixes({"0.0.0.0/0"})), key(1));
  EXPECT_EQ(index.conflict(key(2), prefixes({"2001:db8:0:1::/64"})), key(1));
  EXPECT_EQ(index.conflict(key(2), prefixes({"10.2.0.0/16", "2001:db9::/48"})), std::nullopt);
  EXPECT_EQ(index.conflict(key(2), prefixes({"::/0"})), key(1));
}

TEST(AllowedIpIndex, APeerDoesNotConflictWithItself) {
  AllowedIpIndex index;
  index.assign(key(1), prefixes({"10.1.0.0/16"}));
  EXPECT_EQ(index.conflict(key(1), prefixes({"10.1.0.0/24"})), std::nullopt);
}

TEST(AllowedIpIndex, ForgetsWhatIsRemoved) {
  AllowedIpIndex index;
  index.assign(key(1), prefixes({"10.1.0.0/16"}));
  index.assign(key(1), prefixes({"10.2.0.0/16"}));
  EXPECT_EQ(index.conflict(key(2), prefixes({"10.1.0.0/16"})), std::nullopt);
  index.remove(key(1));
  EXPECT_EQ(index.conflict(key(2), prefixes({"10.2.0.0/16"})), std::nullopt);
  EXPECT_EQ(index.size(), 0U);

  index.assign(key(3), prefixes({"10.3.0.0/16"}));
  index.clear();
  EXPECT_EQ(index.conflict(key(2), prefixes({"10.3.1.0/24"})), std::nullopt);
}

TEST(AllowedIpIndex, APrefixThatAnotherPeerGetsIsGoneFromTheFirst) {
  AllowedIpIndex index;
  index.assign(key(1), prefixes({"10.1.0.0/16", "10.2.0.0/16"}));
  index.assign(key(2), prefixes({"10.2.0.0/16"}));
  EXPECT_TRUE(index.has_exactly(key(1), prefixes({"10.1.0.0/16"})));
  index.remove(key(1));
  EXPECT_EQ(index.conflict(key(3), prefixes({"10.2.0.0/16"})), key(2));
}

TEST(AllowedIpIndex, TellsWhetherAPeerHasTheseWhateverTheirOrder) {
  AllowedIpIndex index;
  EXPECT_TRUE(index.has_exactly(key(1), {}));
  index.assign(key(1), prefixes({"10.1.0.0/16", "2001:db8::/48"}));
  EXPECT_TRUE(index.has_exactly(key(1), prefixes({"2001:db8::/48", "10.1.0.0/16"})));
  EXPECT_FALSE(index.has_exactly(key(1), prefixes({"10.1.0.0/16"})));
  EXPECT_FALSE(index.has_exactly(key(1), {}));
  EXPECT_FALSE(index.has_exactly(key(2), prefixes({"10.1.0.0/16", "2001:db8::/48"})));
}

TEST(AllowedIpIndex, RemembersWhatChangedOnceAskedTo) {
  AllowedIpIndex index;
  index.assign(key(1), prefixes({"10.1.0.0/16"}));
  EXPECT_TRUE(index.take_changes().empty());
  index.remember_changes();
  index.assign(key(2), prefixes({"10.2.0.0/16", "2001:db8::/48"}));
  EXPECT_EQ(index.take_changes(), prefixes({"10.2.0.0/16", "2001:db8::/48"}));
  index.remove(key(1));
  EXPECT_EQ(index.take_changes(), prefixes({"10.1.0.0/16"}));
  EXPECT_TRUE(index.take_changes().empty());
  EXPECT_EQ(index.owner_of(prefixes({"10.2.0.0/16"})[0]), key(2));
  EXPECT_EQ(index.owner_of(prefixes({"10.2.0.0/24"})[0]), std::nullopt);
}

TEST(AllowedIpIndex, IsGoneThroughFromOneToTheNext) {
  AllowedIpIndex index;
  EXPECT_EQ(index.next_after(std::nullopt), std::nullopt);
  index.assign(key(1), prefixes({"2001:db8::/48", "10.1.0.0/16", "10.3.0.0/16"}));
  const std::optional<IpPrefix> first = index.next_after(std::nullopt);
  EXPECT_EQ(first, prefixes({"10.1.0.0/16"})[0]);
  index.assign(key(1), prefixes({"2001:db8::/48", "10.2.0.0/16"})); // the first is gone
  const std::optional<IpPrefix> second = index.next_after(first);
  EXPECT_EQ(second, prefixes({"10.2.0.0/16"})[0]);
  const std::optional<IpPrefix> third = index.next_after(second);
  EXPECT_EQ(third, prefixes({"2001:db8::/48"})[0]);
  EXPECT_EQ(index.next_after(third), std::nullopt);
}

TEST(AllowedIpIndex, WhatIsTouchedOrClearedHasChanged) {
  AllowedIpIndex index;
  index.remember_changes();
  index.assign(key(1), prefixes({"10.1.0.0/16"}));
  index.assign(key(2), prefixes({"10.2.0.0/16"}));
  static_cast<void>(index.take_changes());
  index.touch(key(2));
  index.touch(key(3));
  EXPECT_EQ(index.take_changes(), prefixes({"10.2.0.0/16"}));
  index.clear();
  EXPECT_EQ(index.take_changes(), prefixes({"10.1.0.0/16", "10.2.0.0/16"}));
}

// Against the definition, over every pair of a small world.
TEST(AllowedIpIndex, AgreesWithTheDefinitionOfOverlap) {
  std::vector<IpPrefix> world;
  for (unsigned length = 0; length <= 32; length += 4) {
    for (const char* text : {"10.0.0.0", "10.16.0.0", "10.16.16.16", "192.0.2.129", "0.0.0.0"})
      world.push_back(IpPrefix::covering(IpAddress::parse(text).value(), length));
  }
  for (const IpPrefix& owned : world) {
    AllowedIpIndex index;
    index.assign(key(1), std::span{&owned, 1});
    for (const IpPrefix& wanted : world) {
      const bool overlap = owned.contains(wanted.address) || wanted.contains(owned.address);
      EXPECT_EQ(index.conflict(key(2), std::span{&wanted, 1}).has_value(), overlap)
          << owned.to_string() << " and " << wanted.to_string();
    }
  }
}

} // namespace
} // namespace provisiond::install
