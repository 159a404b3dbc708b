#pragma once

#include "base/endpoint.hpp"

#include <linux/filter.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace provisiond::kernel {

// The datagrams that a filter lets through: this UDP length (header included), and a payload that
// begins with this word (network byte order read as a number).
struct DatagramPattern {
  std::uint16_t udp_length = 0;
  std::uint32_t first_word = 0;
};

// Which ports pass: those of a list, or all but those.
enum class PortMatch : std::uint8_t { among, except };

// A conditional jump reaches 255 instructions far, and each port is one instruction.
inline constexpr std::size_t maximum_filter_ports = 255;

// The extension headers of one IPv6 packet that the filter walks. A packet with more of them passes
// as far as its length allows a match, for user space to refuse by name.
inline constexpr unsigned maximum_filter_extensions = 4;

// A classic BPF program for a cooked packet socket (SOCK_DGRAM: byte 0 is the IP header) of one IP
// version. It lets through, whole, the packets that were sent to this host at the link layer and
// carry a UDP datagram with the pattern to one of `ports` (host byte order, at most
// `maximum_filter_ports`, more are ignored), or to any other. No ports: nothing passes.
//
// IPv4: any header length; later fragments never pass, a first fragment does when it shows the
// pattern, although a fragmented datagram of this size is nothing that a client sends. IPv6:
// hop-by-hop, routing, destination and fragment headers before UDP, in any order; other headers
// never pass, later fragments neither.
//
// Pure. Under 100 instructions plus one per port; packets shorter than what an instruction reads
// are refused by the kernel.
std::vector<sock_filter> datagram_filter(IpAddress::Family family, const DatagramPattern& pattern,
                                         std::span<const std::uint16_t> ports,
                                         PortMatch match = PortMatch::among);

} // namespace provisiond::kernel
