#include "netlink_bytes.hpp"

#include "base/endpoint.hpp"

#include <cstddef>

namespace provisiond::test {

namespace {

std::size_t padded(std::size_t length) {
  return (length + 3) / 4 * 4;
}

} // namespace

ByteVector text(std::string_view characters) {
  ByteVector bytes{characters.begin(), characters.end()};
  bytes.push_back(0);
  return bytes;
}

ByteVector operator+(ByteVector left, const ByteVector& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

ByteVector attribute(std::uint16_t type, const ByteVector& payload) {
  ByteVector bytes = raw(static_cast<std::uint16_t>(payload.size() + 4)) + raw(type) + payload;
  bytes.resize(padded(bytes.size()));
  return bytes;
}

ByteVector socket_address(std::string_view endpoint) {
  sockaddr_storage address{};
  const socklen_t length = Endpoint::parse(endpoint).value().to_sockaddr(address);
  ByteVector bytes = raw(address);
  bytes.resize(length);
  return bytes;
}

ByteVector generic_header(std::uint8_t command, std::uint8_t version) {
  return {command, version, 0, 0};
}

ByteVector message(const MessageHead& head, const ByteVector& payload) {
  ByteVector bytes = raw(static_cast<std::uint32_t>(payload.size() + 16)) + raw(head.type) +
                     raw(head.flags) + raw(head.sequence) + raw(std::uint32_t{0}) + payload;
  bytes.resize(padded(bytes.size()));
  return bytes;
}

std::vector<std::pair<std::uint16_t, ByteVector>> attributes(std::span<const std::uint8_t> bytes) {
  std::vector<std::pair<std::uint16_t, ByteVector>> found;
  std::size_t offset = 0;
  while (offset < bytes.size()) {
    std::uint16_t length = 0;
    std::uint16_t type = 0;
    if (bytes.size() - offset < 4) return {};
    std::memcpy(&length, bytes.data() + offset, 2);
    std::memcpy(&type, bytes.data() + offset + 2, 2);
    if (length < 4 || length > bytes.size() - offset) return {};
    const std::span<const std::uint8_t> payload = bytes.subspan(offset + 4, length - 4U);
    found.emplace_back(type, ByteVector{payload.begin(), payload.end()});
    offset += padded(length);
  }
  return found;
}

} // namespace provisiond::test
