#pragma once

#include "base/endpoint.hpp"
#include "install/route_bounds.hpp"
#include "kernel/route_messages.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace provisiond::install {

// Whose a prefix is on the device. `unasked`: a peer that the daemon has found there and not looked
// up so far. A peer that the database does not know counts as nobody.
enum class PrefixHolder : std::uint8_t { nobody, unasked, ours };

// One prefix, as it is.
struct PrefixState {
  IpPrefix prefix;
  PrefixHolder holder = PrefixHolder::nobody;
  bool has_route = false;      // of ours
  bool holds_endpoint = false; // of a peer, on any interface
};

// What an interface's routes are held against.
struct RouteScope {
  std::vector<IpPrefix> subnets; // of the interface itself; the kernel has routes for these
  std::uint32_t table = kernel::main_route_table;
  RouteBounds bounds{};

  bool operator==(const RouteScope&) const = default;
};

struct RefusedRoute {
  IpPrefix prefix;
  RouteRefusal refusal{};
};

struct RoutePlan {
  std::vector<kernel::RouteChange> changes;
  std::vector<RefusedRoute> refused; // peers of ours have these, and they get no route
};

// The changes that bring the routes in step with the peers: a prefix of a peer of ours has one; a
// prefix that nobody has, or that one of the subnets holds, has none. A route to a peer that may
// still turn out to be ours stays. What the bounds refuse has none. A route that is there does not
// go because a peer's endpoint has come to be inside: its sender would choose which routes there
// are. Pure.
[[nodiscard]] RoutePlan plan_routes(std::span<const PrefixState> prefixes, const RouteScope& scope);

} // namespace provisiond::install
