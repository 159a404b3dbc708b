#include "install/route_bounds.hpp"

#include "kernel/route_messages.hpp"

#include <algorithm>
#include <array>

namespace provisiond::install {

namespace {

// RFC 6890: this network, loopback, link-local, multicast and what is kept for later.
const std::vector<IpPrefix>& reserved_prefixes() {
  static const std::vector<IpPrefix> prefixes = [] {
    std::vector<IpPrefix> parsed;
    for (const char* const text : {"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3",
                                   "::/127", "fe80::/10", "ff00::/8"})
      parsed.push_back(IpPrefix::parse(text).value());
    return parsed;
  }();
  return prefixes;
}

bool is_inside(const IpPrefix& prefix, const IpPrefix& outer) {
  return outer.length <= prefix.length && outer.contains(prefix.address);
}

bool overlaps(const IpPrefix& prefix, const IpPrefix& other) {
  return is_inside(prefix, other) || is_inside(other, prefix);
}

bool holds_one_of(const IpPrefix& prefix, const std::vector<IpAddress>& addresses) {
  return std::ranges::any_of(addresses,
                             [&](const IpAddress& address) { return prefix.contains(address); });
}

bool overlaps_one_of(const IpPrefix& prefix, const std::vector<IpPrefix>& others) {
  return std::ranges::any_of(others,
                             [&](const IpPrefix& other) { return overlaps(prefix, other); });
}

bool is_inside_one_of(const IpPrefix& prefix, const std::vector<IpPrefix>& outer) {
  return std::ranges::any_of(outer, [&](const IpPrefix& each) { return is_inside(prefix, each); });
}

} // namespace

std::string_view words_for(RouteRefusal refusal) {
  switch (refusal) {
  case RouteRefusal::default_route:
    return "a default route belongs in a table of its own";
  case RouteRefusal::reserved:
    return "loopback, link-local and multicast are no peer's";
  case RouteRefusal::beyond_bounds:
    return "not inside route-within";
  case RouteRefusal::other_interface:
    return "overlaps a subnet of another interface";
  case RouteRefusal::next_hop:
    return "holds a next hop of the gateway";
  case RouteRefusal::database:
    return "holds an address of the database";
  case RouteRefusal::endpoint:
    return "holds the endpoint of a peer";
  }
  return "";
}

std::optional<RouteRefusal> refuses(const RouteBounds& bounds, const IpPrefix& prefix,
                                    std::uint32_t table) {
  const bool is_main = table == kernel::main_route_table;
  if (prefix.length == 0 && is_main) return RouteRefusal::default_route;
  if (is_main ? overlaps_one_of(prefix, reserved_prefixes())
              : is_inside_one_of(prefix, reserved_prefixes()))
    return RouteRefusal::reserved;
  if (!bounds.within.empty() && !is_inside_one_of(prefix, bounds.within))
    return RouteRefusal::beyond_bounds;
  if (!is_main) return std::nullopt;
  if (overlaps_one_of(prefix, bounds.other_interfaces)) return RouteRefusal::other_interface;
  if (holds_one_of(prefix, bounds.database)) return RouteRefusal::database;
  if (holds_one_of(prefix, bounds.next_hops)) return RouteRefusal::next_hop;
  return std::nullopt;
}

} // namespace provisiond::install
