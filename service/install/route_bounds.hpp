#pragma once

#include "base/endpoint.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace provisiond::install {

// Why a peer's prefix gets no route. `endpoint`: a tunnel's packets would go into a tunnel.
enum class RouteRefusal : std::uint8_t {
  default_route,
  reserved,
  beyond_bounds,
  other_interface,
  next_hop,
  database,
  endpoint,
};

std::string_view words_for(RouteRefusal refusal);

// What routes may be made for, whatever rows say: a row decides what a peer has, and must not
// decide where the gateway's own packets go.
struct RouteBounds {
  std::vector<IpPrefix> within; // of the gateway's own settings; empty: anywhere
  // What the gateway reaches by itself; these count in the main table, which its own packets take.
  std::vector<IpPrefix> other_interfaces; // their subnets
  std::vector<IpAddress> next_hops;
  std::vector<IpAddress> database;

  bool operator==(const RouteBounds&) const = default;
};

// nullopt: a route for the prefix, in this table, takes nothing from the gateway. Loopback,
// link-local and multicast addresses are never a peer's. Pure.
[[nodiscard]] std::optional<RouteRefusal> refuses(const RouteBounds& bounds, const IpPrefix& prefix,
                                                  std::uint32_t table);

} // namespace provisiond::install
