#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "wire/messages.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

namespace provisiond::wire {

// Why a captured packet is not a handshake initiation. One enumerator per reason, in the order in
// which they are found; the text is the log word and the metric label.
enum class FrameFault : std::uint8_t {
  truncated,             // ends before what its headers announce
  not_ip,                // neither version 4 nor version 6
  bad_header_length,     // a header announces less than it needs itself
  fragment,              // any fragment, first and "atomic" ones included
  extension_unsupported, // IPv6: ESP, AH, a route not at its end, or more headers than we walk
  not_udp,
  length_mismatch, // the UDP length is not what the IP header left for it
  wrong_size,      // the payload is not as long as an initiation
  wrong_type,      // as long as an initiation, but of another type
};

inline constexpr std::array<std::string_view, 9> frame_fault_names{
    "truncated", "not_ip",          "bad_header_length", "fragment",   "extension_unsupported",
    "not_udp",   "length_mismatch", "wrong_size",        "wrong_type",
};
static_assert(frame_fault_names.size() == static_cast<std::size_t>(FrameFault::wrong_type) + 1);

constexpr std::string_view to_string(FrameFault fault) {
  return frame_fault_names[static_cast<std::size_t>(fault)];
}

// `payload` refers to the parsed packet. The endpoints carry no scope: only who captured the packet
// knows the link.
struct UdpDatagram {
  Endpoint source;
  Endpoint destination;
  std::span<const std::uint8_t> payload;
};

// More extension headers than this in a row are refused; real packets have one or two.
inline constexpr std::size_t maximum_extension_headers = 8;

// Takes one IP packet apart, from the first byte of the IP header. IPv4 options and IPv6
// hop-by-hop, destination and (finished) routing headers are stepped over. Bytes after the length
// that the IP header announces are link padding and ignored. Checksums are not verified: the
// capture point may see them before the network card fills them in.
//
// Pure, thread-safe, allocates nothing; reads at most the headers.
[[nodiscard]] std::variant<UdpDatagram, FrameFault>
parse_ip_packet(std::span<const std::uint8_t> packet);

// The second half of the question: is the datagram's payload an initiation? Gives wrong_size or
// wrong_type when it is not.
[[nodiscard]] std::variant<InitiationView, FrameFault>
parse_initiation(const UdpDatagram& datagram);

// A complete IP packet (hop limit 64, no options, checksums filled in), for a raw socket. Fails
// when the two addresses are of different families or the payload does not fit into one packet.
[[nodiscard]] Result<std::vector<std::uint8_t>>
build_udp_packet(const Endpoint& source, const Endpoint& destination,
                 std::span<const std::uint8_t> payload);

} // namespace provisiond::wire
