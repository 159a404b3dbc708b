#pragma once

#include <cstddef>

namespace provisiond::wire {

// Bytes of the headers that stand before a UDP payload. An IPv4 header may be longer, by its
// options.
inline constexpr std::size_t ipv4_header_size = 20;
inline constexpr std::size_t ipv6_header_size = 40;
inline constexpr std::size_t udp_header_size = 8;

} // namespace provisiond::wire
