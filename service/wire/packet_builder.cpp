#include "wire/bytes.hpp"
#include "wire/frame.hpp"
#include "wire/ip_header.hpp"

#include <netinet/in.h>

#include <algorithm>

namespace provisiond::wire {

namespace {

constexpr std::size_t maximum_length = 65'535; // of a 16-bit length field
constexpr std::uint8_t hop_limit = 64;
constexpr std::uint16_t dont_fragment = 0x4000;

// The Internet checksum (RFC 1071). Sums 16-bit words; an odd last byte counts as its high half, so
// only the last part that is added may have an odd size.
class Checksum {
 public:
  void add(std::span<const std::uint8_t> bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      sum_ += i % 2 == 0 ? std::uint32_t{bytes[i]} << 8U : bytes[i];
    }
  }
  void add(std::size_t value) { sum_ += static_cast<std::uint32_t>(value); }

  [[nodiscard]] std::uint16_t value() const {
    std::uint32_t folded = sum_;
    while (folded > 0xffff) {
      folded = (folded & 0xffff) + (folded >> 16U);
    }
    return static_cast<std::uint16_t>(~folded);
  }

 private:
  std::uint32_t sum_ = 0; // cannot overflow: 65,535 bytes of 0xff add up to half its range
};

void write_ipv4_header(std::span<std::uint8_t> packet, const Endpoint& source,
                       const Endpoint& destination) {
  const std::span<std::uint8_t, ipv4_header_size> header = packet.first<ipv4_header_size>();
  header[0] = 0x45; // version 4, five words
  store_be(header.subspan<2, 2>(), packet.size());
  store_be(header.subspan<6, 2>(), dont_fragment);
  header[8] = hop_limit;
  header[9] = IPPROTO_UDP;
  std::ranges::copy(source.address.significant(), header.subspan<12, 4>().begin());
  std::ranges::copy(destination.address.significant(), header.subspan<16, 4>().begin());
  Checksum checksum;
  checksum.add(header);
  store_be(header.subspan<10, 2>(), checksum.value());
}

void write_ipv6_header(std::span<std::uint8_t> packet, const Endpoint& source,
                       const Endpoint& destination) {
  const std::span<std::uint8_t, ipv6_header_size> header = packet.first<ipv6_header_size>();
  header[0] = 0x60; // version 6, no traffic class, no flow label
  store_be(header.subspan<4, 2>(), packet.size() - ipv6_header_size);
  header[6] = IPPROTO_UDP;
  header[7] = hop_limit;
  std::ranges::copy(source.address.significant(), header.subspan<8, 16>().begin());
  std::ranges::copy(destination.address.significant(), header.subspan<24, 16>().begin());
}

// `udp` is the header's place followed by the payload, already there.
void write_udp_header(std::span<std::uint8_t> udp, const Endpoint& source,
                      const Endpoint& destination) {
  store_be(udp.subspan(0, 2), source.port);
  store_be(udp.subspan(2, 2), destination.port);
  store_be(udp.subspan(4, 2), udp.size());
  Checksum checksum; // over the pseudo-header first; IPv4 and IPv6 add up to the same words
  checksum.add(source.address.significant());
  checksum.add(destination.address.significant());
  checksum.add(IPPROTO_UDP);
  checksum.add(udp.size());
  checksum.add(udp);
  // Zero would say "no checksum" (RFC 768).
  store_be(udp.subspan(6, 2), checksum.value() == 0 ? 0xffff : checksum.value());
}

} // namespace

Result<std::vector<std::uint8_t>> build_udp_packet(const Endpoint& source,
                                                   const Endpoint& destination,
                                                   std::span<const std::uint8_t> payload) {
  if (source.address.family != destination.address.family) {
    return fail(Error{"build packet: source and destination are of different address families"});
  }
  const bool is_v4 = source.address.family == IpAddress::Family::v4;
  const std::size_t ip_size = is_v4 ? ipv4_header_size : ipv6_header_size;
  const std::size_t counted = is_v4 ? ipv4_header_size : 0; // IPv6 does not count its own header
  if (payload.size() > maximum_length - udp_header_size - counted) {
    return fail(Error{"build packet: the payload is too long for one packet"});
  }

  std::vector<std::uint8_t> bytes(ip_size + udp_header_size + payload.size());
  const std::span<std::uint8_t> packet{bytes};
  std::ranges::copy(payload, packet.subspan(ip_size + udp_header_size).begin());
  write_udp_header(packet.subspan(ip_size), source, destination);
  if (is_v4) {
    write_ipv4_header(packet, source, destination);
  } else {
    write_ipv6_header(packet, source, destination);
  }
  return bytes;
}

} // namespace provisiond::wire
