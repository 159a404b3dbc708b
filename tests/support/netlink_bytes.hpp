#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace provisiond::test {

// Writes netlink by hand, so that what the product writes and reads is checked against something
// else than itself.
struct ByteVector : std::vector<std::uint8_t> {
  using std::vector<std::uint8_t>::vector;
};

template <class Value>
ByteVector raw(const Value& value) {
  ByteVector bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}
ByteVector text(std::string_view characters); // with the terminating NUL
ByteVector operator+(ByteVector left, const ByteVector& right);

// Length, type, payload, padding to four bytes.
ByteVector attribute(std::uint16_t type, const ByteVector& payload);

// A sockaddr_in or sockaddr_in6, from "192.0.2.1:51820" or "[2001:db8::1]:51820".
ByteVector socket_address(std::string_view endpoint);

// What follows the message header in generic netlink, before the attributes.
ByteVector generic_header(std::uint8_t command, std::uint8_t version = 1);

struct MessageHead {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
};
ByteVector message(const MessageHead& head, const ByteVector& payload);

// The attributes of `bytes` in order: type with its flag bits, payload. Empty when the lengths do
// not add up.
std::vector<std::pair<std::uint16_t, ByteVector>> attributes(std::span<const std::uint8_t> bytes);

} // namespace provisiond::test
