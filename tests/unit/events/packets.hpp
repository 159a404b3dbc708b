#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace provisiond::test {

using Bytes = std::vector<std::uint8_t>;

// A UDP datagram as a test wants it; the defaults are an initiation from a client.
struct UdpSpec {
  std::uint16_t source_port = 40'000;
  std::uint16_t destination_port = 51'820;
  std::array<std::uint8_t, 4> first_word{1, 0, 0, 0};
  std::size_t payload_size = 148;
};
Bytes make_udp(const UdpSpec& spec);

// An IPv4 packet from 192.0.2.1 to 198.51.100.1. `fragment` is the 16-bit field of flags and
// offset; `options` a multiple of 4 bytes of No-Operation.
struct V4Spec {
  UdpSpec udp{};
  std::size_t options = 0;
  std::uint16_t fragment = 0;
  std::uint8_t protocol = 17;
};
Bytes make_v4(const V4Spec& spec);

// An extension header: its type and its own length, a multiple of 8 bytes. `second_word` is written
// to its bytes 2 and 3, which are offset and flags in a fragment header.
struct Extension {
  std::uint8_t type = 0;
  std::size_t size = 8;
  std::uint16_t second_word = 0;
};

// An IPv6 packet from 2001:db8::1 to 2001:db8::2.
struct V6Spec {
  UdpSpec udp{};
  std::vector<Extension> extensions{};
  std::uint8_t protocol = 17;
};
Bytes make_v6(const V6Spec& spec);

} // namespace provisiond::test
