#pragma once

#include "base/endpoint.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/wiped_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace provisiond::kernel {

// Who made a route, as rtnetlink has it (rtm_protocol). Nobody else may use it: every route with
// this number that leads to an interface of ours is ours. In no list of Linux or iproute2.
inline constexpr std::uint8_t route_protocol = 151;

inline constexpr std::uint32_t main_route_table = 254;

// Where the routes of one interface are kept.
struct RouteTarget {
  std::uint32_t ifindex = 0;
  std::uint32_t table = main_route_table;
};

struct RouteChange {
  enum class Action : std::uint8_t { add, remove };

  Action action = Action::add;
  IpPrefix prefix;

  bool operator==(const RouteChange&) const = default;
};

// Room for any of the messages below.
inline constexpr std::size_t maximum_route_message_bytes = 128;

// Messages are appended to `out`, which has room. A change wants an acknowledgement. An added route
// never replaces one that is there (NLM_F_EXCL); a removed one is named by protocol, interface and
// table, so that nobody else's can be meant.
void append_route_change(const RouteTarget& target, const RouteChange& change,
                         std::uint32_t sequence, WipedBuffer& out);
// Asks for the routes of our protocol in the table of the target, to its interface; kernels before
// 4.20 answer with more.
void append_get_routes(const RouteTarget& target, IpAddress::Family family, std::uint32_t sequence,
                       WipedBuffer& out);
// Asks for all routes of another protocol in the table.
void append_get_others(std::uint32_t table, std::uint8_t protocol, IpAddress::Family family,
                       std::uint32_t sequence, WipedBuffer& out);
// Asks for the addresses of all interfaces, of both families.
void append_get_addresses(std::uint32_t sequence, WipedBuffer& out);

// The prefix of a route of our protocol in the target's table to its interface; none for any other
// message.
std::optional<IpPrefix> read_route(const NetlinkMessage& message, const RouteTarget& target);
// Where a route of the table leads, if not straight to its destination: its next hops.
std::vector<IpAddress> read_next_hops(const NetlinkMessage& message, std::uint32_t table);

// The subnet that an address brings, and the interface that has it.
struct AddressSubnet {
  std::uint32_t ifindex = 0;
  IpPrefix prefix;
  bool operator==(const AddressSubnet&) const = default;
};
std::optional<AddressSubnet> read_subnet(const NetlinkMessage& message);

} // namespace provisiond::kernel
