#include "unit/events/unknown_peers.hpp"

#include <cstddef>

namespace provisiond::test {

namespace {

constexpr std::uint16_t nested = 0x8000;

} // namespace

ByteVector initiation_bytes() {
  ByteVector bytes(148);
  for (std::size_t i = 4; i < bytes.size(); ++i)
    bytes[i] = static_cast<std::uint8_t>(i);
  bytes[0] = 1;
  return bytes;
}

Attributes wireguard_attributes(std::uint32_t ifindex) {
  return {{1, raw(ifindex)},
          {2, text("wg0")},
          {3, ByteVector(32, 7)},
          {4, socket_address("192.0.2.1:4242")},
          {5, socket_address("198.51.100.1:51820")},
          {6, {1}},
          {7, initiation_bytes()}};
}

Attributes amneziawg_peer() {
  return {{1, ByteVector(32, 7)}, {4, socket_address("192.0.2.1:4242")}, {11, {}}};
}

Attributes amneziawg_attributes(std::uint32_t ifindex, const Attributes& peer) {
  return {{1, raw(ifindex)}, {2, text("awg0")}, {18 | nested, joined(peer)}};
}

ByteVector joined(const Attributes& attributes) {
  ByteVector bytes;
  for (const Attributes::value_type& each : attributes)
    bytes = bytes + attribute(each.first, each.second);
  return bytes;
}

ByteVector notification(const Attributes& attributes) {
  return generic_header(unknown_peer_command) + joined(attributes);
}

} // namespace provisiond::test
