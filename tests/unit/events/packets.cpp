#include "unit/events/packets.hpp"

#include <algorithm>

namespace provisiond::test {

namespace {

void put_be16(Bytes& bytes, std::size_t at, std::size_t value) {
  bytes.at(at) = static_cast<std::uint8_t>(value >> 8);
  bytes.at(at + 1) = static_cast<std::uint8_t>(value);
}

void append(Bytes& bytes, const Bytes& more) {
  bytes.insert(bytes.end(), more.begin(), more.end());
}

} // namespace

Bytes make_udp(const UdpSpec& spec) {
  Bytes udp(8 + spec.payload_size, 0xaa);
  put_be16(udp, 0, spec.source_port);
  put_be16(udp, 2, spec.destination_port);
  put_be16(udp, 4, udp.size());
  put_be16(udp, 6, 0);
  const std::size_t shown = std::min(spec.first_word.size(), spec.payload_size);
  std::copy_n(spec.first_word.begin(), shown, udp.begin() + 8);
  return udp;
}

Bytes make_v4(const V4Spec& spec) {
  const Bytes udp = make_udp(spec.udp);
  Bytes packet(20 + spec.options, 0x01);
  packet[0] = static_cast<std::uint8_t>(0x40 | (packet.size() / 4));
  packet[1] = 0;
  put_be16(packet, 2, packet.size() + udp.size());
  put_be16(packet, 4, 0x1234);
  put_be16(packet, 6, spec.fragment);
  packet[8] = 64;
  packet[9] = spec.protocol;
  put_be16(packet, 10, 0);
  const Bytes addresses{192, 0, 2, 1, 198, 51, 100, 1};
  std::ranges::copy(addresses, packet.begin() + 12);
  append(packet, udp);
  return packet;
}

Bytes make_v6(const V6Spec& spec) {
  Bytes payload;
  for (std::size_t i = 0; i < spec.extensions.size(); ++i) {
    const Extension& extension = spec.extensions[i];
    const bool last = i + 1 == spec.extensions.size();
    Bytes header(extension.size, 0);
    header.at(0) = last ? spec.protocol : spec.extensions[i + 1].type;
    header.at(1) = static_cast<std::uint8_t>(extension.size / 8 - 1);
    put_be16(header, 2, extension.second_word);
    append(payload, header);
  }
  append(payload, make_udp(spec.udp));

  Bytes packet(40, 0);
  packet[0] = 0x60;
  put_be16(packet, 4, payload.size());
  packet[6] = spec.extensions.empty() ? spec.protocol : spec.extensions.front().type;
  packet[7] = 64;
  const Bytes network{0x20, 0x01, 0x0d, 0xb8};
  std::ranges::copy(network, packet.begin() + 8);
  packet[23] = 1;
  std::ranges::copy(network, packet.begin() + 24);
  packet[39] = 2;
  append(packet, payload);
  return packet;
}

} // namespace provisiond::test
