#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "flood/order.hpp"

#include <optional>
#include <vector>

namespace provisiond::flood {

// Whether a run stays on this machine. The load generator sends to nobody else unless it was told
// that the target is one's own.

// What was found out about this machine and the way to a target.
struct Surroundings {
  struct Subnet {
    IpAddress address{}; // of this network namespace
    unsigned length = 0;
    bool is_veth = false; // the interface that has it leads to another namespace
  };
  std::vector<Subnet> subnets{};
  std::vector<IpAddress> of_namespaces{}; // addresses of named network namespaces (ip-netns(8))
  std::optional<IpAddress> source{};      // of packets to the target, by the routing table
};

// True for loopback, for an address of this network namespace, and for one that a named namespace
// of this machine has and that a veth of this namespace is directly connected to: packets to it
// pass no router and no network card. Not for what lies behind those.
[[nodiscard]] bool stays_here(const IpAddress& target, const Surroundings& surroundings);

// True for addresses that nobody routes between networks: private, shared, documentation,
// benchmark, loopback. The answers to others as made-up sources would go to whoever has them.
[[nodiscard]] bool is_nobodys(const IpPrefix& prefix);

// Reads addresses and interfaces, and enters the named namespaces, which only root may: without
// that their addresses are not known.
Surroundings look_around(const Endpoint& target);

// Fails, with the reason, when a run could leave this machine.
Status check_stays_here(const Order& order, const Surroundings& surroundings);

} // namespace provisiond::flood
