#include "install/route_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>
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
  const RouteScope scope{.subnets = {prefix("10.80.0.0/16"), prefix("fd80::/64")}, .table = table};
  const PrefixState state{.prefix = prefix(text), .holder = holder, .has_route = has_route};
  return plan_routes(std::span{&state, 1}, scope);
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

// What must hold after a plan was carried out, whatever there was before.
TEST(RoutePlan, CarriedOutLeavesNothingToDo) {
  std::mt19937 random{1}; // NOLINT(cert-msc32-c,cert-msc51-cpp): the same every time
  for (int round = 0; round < 200; ++round) {
    const RouteScope scope{.subnets = {prefix("10.80.0.0/16")},
                           .table = round % 2 == 0 ? kernel::main_route_table : 1000};
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
    for (const kernel::RouteChange& change : plan_routes(states, scope)) {
      PrefixState& state = *std::ranges::find(states, change.prefix, &PrefixState::prefix);
      EXPECT_NE(state.has_route, change.action == Action::add) << change.prefix.to_string();
      state.has_route = change.action == Action::add;
    }
    EXPECT_TRUE(plan_routes(states, scope).empty());
    for (const PrefixState& state : states) {
      const bool is_inside =
          state.prefix.length >= 16 && prefix("10.80.0.0/16").contains(state.prefix.address);
      const bool is_default = state.prefix.length == 0 && round % 2 == 0;
      const bool needs_none = is_inside || is_default || state.holder == PrefixHolder::nobody;
      if (!needs_none && state.holder == PrefixHolder::unasked) continue;
      EXPECT_EQ(state.has_route, !needs_none) << state.prefix.to_string();
    }
  }
}

} // namespace
} // namespace provisiond::install
