#include "wire/frame.hpp"

#include "wire/bytes.hpp"
#include "wire/ip_header.hpp"

#include <netinet/in.h>

#include <algorithm>

namespace provisiond::wire {

namespace {

using Packet = std::span<const std::uint8_t>;

// What the IP layer found: addresses, and the bytes that it hands to UDP.
struct IpContents {
  IpAddress source;
  IpAddress destination;
  Packet udp;
};

std::variant<IpContents, FrameFault> parse_ipv4(Packet packet) {
  if (packet.size() < ipv4_header_size) return FrameFault::truncated;
  const std::span<const std::uint8_t, ipv4_header_size> header = packet.first<ipv4_header_size>();
  const std::size_t header_size = std::size_t{header[0] & 0x0fU} * 4;
  const std::size_t total_size = load_be16(header.subspan<2, 2>());
  if (header_size < ipv4_header_size || total_size < header_size) {
    return FrameFault::bad_header_length;
  }
  if (total_size > packet.size()) return FrameFault::truncated;
  // More fragments, or not the first one.
  if ((load_be16(header.subspan<6, 2>()) & 0x3fffU) != 0) return FrameFault::fragment;
  if (header[9] != IPPROTO_UDP) return FrameFault::not_udp;
  return IpContents{.source = IpAddress::v4(header.subspan<12, 4>()),
                    .destination = IpAddress::v4(header.subspan<16, 4>()),
                    .udp = packet.first(total_size).subspan(header_size)};
}

// Headers that precede the transport in the chain of RFC 8200 and that we do not step over.
bool is_opaque_extension(std::uint8_t next_header) {
  constexpr std::array<std::uint8_t, 7> opaque{
      IPPROTO_ESP,     IPPROTO_AH, IPPROTO_MH, 139 /* HIP */,
      140 /* Shim6 */, 253,        254 /* experiments */};
  return std::ranges::find(opaque, next_header) != opaque.end();
}

// Where a walk through the extension headers stands.
struct ExtensionWalk {
  std::uint8_t next_header = 0;
  Packet rest;
};

// Steps over the header that `walk` stands at. The caller has seen that it is one of the three
// kinds that share the layout: next header, length in 8-byte units beyond the first 8, contents.
std::variant<ExtensionWalk, FrameFault> step_over_extension(const ExtensionWalk& walk) {
  if (walk.rest.size() < 8) return FrameFault::truncated;
  const std::size_t size = (walk.rest[1] + std::size_t{1}) * 8;
  if (walk.rest.size() < size) return FrameFault::truncated;
  // With segments left, the destination address is a stop on the way and not who we are.
  if (walk.next_header == IPPROTO_ROUTING && walk.rest[3] != 0) {
    return FrameFault::extension_unsupported;
  }
  return ExtensionWalk{.next_header = walk.rest[0], .rest = walk.rest.subspan(size)};
}

// The UDP part of what follows an IPv6 header.
std::variant<Packet, FrameFault> walk_extensions(ExtensionWalk walk) {
  for (std::size_t stepped = 0; stepped <= maximum_extension_headers; ++stepped) {
    if (walk.next_header == IPPROTO_UDP) return walk.rest;
    if (walk.next_header == IPPROTO_FRAGMENT) return FrameFault::fragment;
    if (is_opaque_extension(walk.next_header)) return FrameFault::extension_unsupported;
    if (walk.next_header != IPPROTO_HOPOPTS && walk.next_header != IPPROTO_DSTOPTS &&
        walk.next_header != IPPROTO_ROUTING) {
      return FrameFault::not_udp;
    }
    const std::variant<ExtensionWalk, FrameFault> next = step_over_extension(walk);
    if (const FrameFault* fault = std::get_if<FrameFault>(&next)) return *fault;
    walk = std::get<ExtensionWalk>(next);
  }
  return FrameFault::extension_unsupported;
}

std::variant<IpContents, FrameFault> parse_ipv6(Packet packet) {
  if (packet.size() < ipv6_header_size) return FrameFault::truncated;
  const std::span<const std::uint8_t, ipv6_header_size> header = packet.first<ipv6_header_size>();
  const std::size_t payload_size = load_be16(header.subspan<4, 2>());
  if (packet.size() - ipv6_header_size < payload_size) return FrameFault::truncated;
  const std::variant<Packet, FrameFault> udp = walk_extensions(
      {.next_header = header[6], .rest = packet.subspan(ipv6_header_size, payload_size)});
  if (const FrameFault* fault = std::get_if<FrameFault>(&udp)) return *fault;
  return IpContents{.source = IpAddress::v6(header.subspan<8, 16>()),
                    .destination = IpAddress::v6(header.subspan<24, 16>()),
                    .udp = std::get<Packet>(udp)};
}

std::variant<IpContents, FrameFault> parse_ip(Packet packet) {
  if (packet.empty()) return FrameFault::truncated;
  switch (packet[0] >> 4U) {
  case 4:
    return parse_ipv4(packet);
  case 6:
    return parse_ipv6(packet);
  default:
    return FrameFault::not_ip;
  }
}

} // namespace

std::variant<UdpDatagram, FrameFault> parse_ip_packet(Packet packet) {
  const std::variant<IpContents, FrameFault> parsed = parse_ip(packet);
  if (const FrameFault* fault = std::get_if<FrameFault>(&parsed)) return *fault;
  const IpContents& contents = std::get<IpContents>(parsed);

  if (contents.udp.size() < udp_header_size) return FrameFault::truncated;
  const std::span<const std::uint8_t, udp_header_size> header =
      contents.udp.first<udp_header_size>();
  const std::size_t udp_size = load_be16(header.subspan<4, 2>());
  if (udp_size < udp_header_size) return FrameFault::bad_header_length;
  if (udp_size != contents.udp.size()) return FrameFault::length_mismatch;
  return UdpDatagram{
      .source = {.address = contents.source, .port = load_be16(header.subspan<0, 2>())},
      .destination = {.address = contents.destination, .port = load_be16(header.subspan<2, 2>())},
      .payload = contents.udp.subspan(udp_header_size)};
}

std::variant<InitiationView, FrameFault> parse_initiation(const UdpDatagram& datagram) {
  if (datagram.payload.size() != InitiationLayout::size) return FrameFault::wrong_size;
  const std::optional<InitiationView> view = view_initiation(datagram.payload);
  if (!view) return FrameFault::wrong_type;
  return *view;
}

} // namespace provisiond::wire
