#include "postgres/every_address.hpp"

#include <gtest/gtest.h>

namespace provisiond::postgres {
namespace {

std::vector<std::string> resolver(const std::string& name) {
  if (name == "fleet") return {"192.0.2.1", "2001:db8::1"};
  if (name == "single") return {"192.0.2.9"};
  return {};
}

TEST(EveryAddress, ANameOfSeveralServersBecomesAnEntryForEach) {
  const std::optional<HostLists> all =
      every_address({.hosts = "fleet", .addresses = "", .ports = "5433"}, resolver);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->hosts, "fleet,fleet");
  EXPECT_EQ(all->addresses, "192.0.2.1,2001:db8::1");
  EXPECT_EQ(all->ports, "5433");
}

TEST(EveryAddress, WhatStandsBesideItKeepsItsPlaceAndPort) {
  const std::optional<HostLists> all = every_address(
      {.hosts = "/run/a,fleet,single,named", .addresses = ",,,192.0.2.7", .ports = "1,2,3,4"},
      resolver);
  ASSERT_TRUE(all);
  EXPECT_EQ(all->hosts, "/run/a,fleet,fleet,single,named");
  EXPECT_EQ(all->addresses, ",192.0.2.1,2001:db8::1,,192.0.2.7");
  EXPECT_EQ(all->ports, "1,2,2,3,4");
}

TEST(EveryAddress, NothingIsSaidWhereNoNameHasSeveral) {
  for (const HostLists& lists : {HostLists{},
                                 HostLists{.hosts = "single"},
                                 {.hosts = "unknown"},
                                 {.hosts = "/run/fleet"},
                                 {.hosts = "fleet", .addresses = "::1"}})
    EXPECT_FALSE(every_address(lists, resolver)) << lists.hosts;
}

} // namespace
} // namespace provisiond::postgres
