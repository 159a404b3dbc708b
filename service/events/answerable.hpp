#pragma once

#include "base/endpoint.hpp"

#include <cstdint>

namespace provisiond::events {

// False for an address or port that nobody can answer: unspecified, multicast, broadcast, port 0,
// or loopback on another device than `lo`. `ifindex`: the device that the packet came in on.
[[nodiscard]] bool can_be_answered(const Endpoint& source, std::uint32_t ifindex);

// The same where the device is not told, for what has passed the kernel's own check: it lets
// loopback in over `lo` alone.
[[nodiscard]] bool can_be_answered(const Endpoint& source);

// Gives a link-local address (fe80::/10), which means nothing without its link, `ifindex` as scope;
// takes the scope from any other.
[[nodiscard]] Endpoint with_scope(Endpoint endpoint, std::uint32_t ifindex);

} // namespace provisiond::events
