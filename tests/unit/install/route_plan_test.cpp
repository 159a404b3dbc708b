#include "install/route_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <random>
#include <set>

namespace provisiond::install {
namespace {

using Action = kernel::RouteChange::Action;

IpPrefix prefix(const char* text) {
  return IpPrefix::parse(text).value();
}

std::vector<kernel::RouteChange> plan_one(const char* text, PrefixHolder holder, bool has_route,
                                          std::uint32_t table = kernel::main_route_table) {
  const RouteScope scope{
      .subnets = {prefix("10.80.0.0/16"), prefix("fd80::/64")}, .table = table, .bounds = {}};
  const PrefixState state{.prefix = prefix(text), .holder = holder, .has_route = has_route};
  return plan_routes(std::span{&state, 1}, scope).changes;
}

std::vector<kernel::RouteChange> only(Action action, const char* text) {
  return {{.action = action, .prefix = prefix(text)}};
}

TEST(RoutePlan, APeersPrefixBeyondTheSubnetsGetsARoute) {
  for (const char* text : {"198.51.100.0/24", "10.0.0.0/8", "2001:db8:5::/48", "fd80::/32"}) {
    EXPECT_EQ(plan_one(text, PrefixHolder::ours, false), only(Action::add, text));
    EXPECT_TRUE(plan_one(text, PrefixHolder::ours, true).empty());
  }
}

TEST(RoutePlan, WhatASubnetHoldsNeedsNone) {
  for (const char* text : {"10.80.0.2/32", "10.80.0.0/16", "fd80::2/128"}) {
    EXPECT_TRUE(plan_one(text, PrefixHolder::ours, false).empty());
    EXPECT_EQ(plan_one(text, PrefixHolder::ours, true), only(Action::remove, text));
  }
}

TEST(RoutePlan, APrefixThatNobodyHasLosesIts) {
  EXPECT_EQ(plan_one("198.51.100.0/24", PrefixHolder::nobody, true),
            only(Action::remove, "198.51.100.0/24"));
  EXPECT_TRUE(plan_one("198.51.100.0/24", PrefixHolder::nobody, false).empty());
}

TEST(RoutePlan, APeerThatIsNotLookedUpYetGetsNoneAndLosesNone) {
  EXPECT_TRUE(plan_one("198.51.100.0/24", PrefixHolder::unasked, false).empty());
  EXPECT_TRUE(plan_one("198.51.100.0/24", PrefixHolder::unasked, true).empty());
}

TEST(RoutePlan, TheDefaultRouteOfTheMainTableIsNobodys) {
  for (const char* text : {"0.0.0.0/0", "::/0"}) {
    EXPECT_TRUE(plan_one(text, PrefixHolder::ours, false).empty());
    EXPECT_EQ(plan_one(text, PrefixHolder::ours, true), only(Action::remove, text));
    EXPECT_EQ(plan_one(text, PrefixHolder::ours, false, 1000), only(Action::add, text));
  }
}

std::optional<RouteRefusal> refused(const char* text,
                                    std::uint32_t table = kernel::main_route_table) {
  const RouteBounds bounds{.within = {prefix("0.0.0.0/0"), prefix("2000::/3")},
                           .other_interfaces = {prefix("192.0.2.0/24"), prefix("2001:db8::/64")},
                           .next_hops = {IpAddress::parse("172.31.1.1").value()},
                           .database = {IpAddress::parse("10.9.0.5").value()}};
  return refuses(bounds, prefix(text), table);
}

TEST(RouteBounds, WhatALoneRowCouldTakeIsRefused) {
  EXPECT_EQ(refused("0.0.0.0/0"), RouteRefusal::default_route);
  for (const char* text : {"0.0.0.0/1", "128.0.0.0/1", "127.0.0.1/32", "169.254.169.254/32",
                           "169.0.0.0/8", "224.0.0.5/32", "::1/128", "fe80::/64", "ff02::1/128"})
    EXPECT_EQ(refused(text), RouteRefusal::reserved) << text;
  for (const char* text : {"192.0.2.7/32", "192.0.0.0/16", "2001:db8::/48", "2001:db8::5/128"})
    EXPECT_EQ(refused(text), RouteRefusal::other_interface) << text;
  EXPECT_EQ(refused("10.9.0.5/32"), RouteRefusal::database);
  EXPECT_EQ(refused("10.0.0.0/8"), RouteRefusal::database);
  EXPECT_EQ(refused("172.31.0.0/16"), RouteRefusal::next_hop);
  EXPECT_EQ(refused("fd00::/8"), RouteRefusal::beyond_bounds);
  EXPECT_EQ(refused("10.10.0.0/16"), std::nullopt);
}

// Where rules decide what takes a table, only what is never a peer's is refused.
TEST(RouteBounds, ATableOfItsOwnMayHoldADefaultRoute) {
  EXPECT_EQ(refused("0.0.0.0/0", 1000), std::nullopt);
  EXPECT_EQ(refused("10.0.0.0/8", 1000), std::nullopt);
  EXPECT_EQ(refused("169.254.169.254/32", 1000), RouteRefusal::reserved);
  EXPECT_EQ(refused("fd00::/8", 1000), RouteRefusal::beyond_bounds);
}

// What must hold after a plan was carried out, whatever there was before.
TEST(RoutePlan, CarriedOutLeavesNothingToDo) {
  std::mt19937 random{1}; // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  for (int round = 0; round < 200; ++round) {
    const RouteScope scope{.subnets = {prefix("10.80.0.0/16")},
                           .table = round % 2 == 0 ? kernel::main_route_table : 1000,
                           .bounds = {}};
    std::vector<PrefixState> states;
    std::set<IpPrefix> drawn;
    for (int i = 0; i < 40; ++i) {
      const std::array<std::uint8_t, 4> raw{10, static_cast<std::uint8_t>(78 + random() % 5),
                                            static_cast<std::uint8_t>(random()), 0};
      const IpPrefix candidate =
          IpPrefix::covering(IpAddress::v4(raw), static_cast<unsigned>(random() % 33));
      if (!drawn.insert(candidate).second) continue;
      states.push_back({.prefix = candidate,
                        .holder = static_cast<PrefixHolder>(random() % 3),
                        .has_route = random() % 2 == 0});
    }
    for (const kernel::RouteChange& change : plan_routes(states, scope).changes) {
      PrefixState& state = *std::ranges::find(states, change.prefix, &PrefixState::prefix);
      EXPECT_NE(state.has_route, change.action == Action::add) << change.prefix.to_string();
      state.has_route = change.action == Action::add;
    }
    EXPECT_TRUE(plan_routes(states, scope).changes.empty());
    for (const PrefixState& state : states) {
      const bool is_inside =
          state.prefix.length >= 16 && prefix("10.80.0.0/16").contains(state.prefix.address);
      const bool is_refused = refuses(scope.bounds, state.prefix, scope.table).has_value();
      const bool needs_none = is_inside || is_refused || state.holder == PrefixHolder::nobody;
      if (!needs_none && state.holder == PrefixHolder::unasked) continue;
      EXPECT_EQ(state.has_route, !needs_none) << state.prefix.to_string();
    }
  }
}

} // namespace
} // namespace provisiond::install
