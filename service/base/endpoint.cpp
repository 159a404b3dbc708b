#include "base/endpoint.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace provisiond {

namespace {

// Parses the whole of `text` as a decimal number no larger than `maximum`.
std::optional<unsigned> parse_number(std::string_view text, unsigned maximum) {
  unsigned value = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc{} || parsed.ptr != end || value > maximum) return std::nullopt;
  return value;
}

} // namespace

IpAddress IpAddress::v4(std::span<const std::uint8_t, 4> raw) {
  IpAddress address{.family = Family::v4};
  std::copy(raw.begin(), raw.end(), address.bytes.begin());
  return address;
}

IpAddress IpAddress::v6(std::span<const std::uint8_t, 16> raw) {
  IpAddress address{.family = Family::v6};
  std::copy(raw.begin(), raw.end(), address.bytes.begin());
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  const std::string copy{text};
  if (copy.find('\0') != std::string::npos) return std::nullopt; // inet_pton would stop there
  IpAddress address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) return address;
  address.family = Family::v6;
  if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::span<const std::uint8_t> IpAddress::significant() const {
  return std::span{bytes}.first(bits() / 8);
}

bool IpAddress::is_loopback() const {
  if (family == Family::v4) return bytes[0] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](std::uint8_t b) { return b == 0; }) &&
         bytes[15] == 1;
}

bool IpAddress::is_unicast() const {
  if (is_loopback()) return false;
  if (family == Family::v4) return bytes[0] != 0 && bytes[0] < 224;
  const bool unspecified =
      std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; });
  return !unspecified && bytes[0] != 0xff;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(family == Family::v4 ? AF_INET : AF_INET6, bytes.data(), text.data(), text.size());
  return text.data();
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const std::optional<IpAddress> address = IpAddress::parse(host);
  const std::optional<unsigned> port = parse_number(text.substr(colon + 1), 65535);
  if (!address || !port) return std::nullopt;
  if (bracketed != (address->family == IpAddress::Family::v6)) return std::nullopt;
  return Endpoint{.address = *address, .port = static_cast<std::uint16_t>(*port)};
}

std::optional<Endpoint> Endpoint::from(const sockaddr* address, socklen_t length) {
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    Endpoint endpoint{.port = ntohs(in.sin_port)};
    std::memcpy(endpoint.address.bytes.data(), &in.sin_addr, sizeof in.sin_addr);
    return endpoint;
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    Endpoint endpoint{.port = ntohs(in.sin6_port), .scope = in.sin6_scope_id};
    endpoint.address.family = IpAddress::Family::v6;
    std::memcpy(endpoint.address.bytes.data(), &in.sin6_addr, sizeof in.sin6_addr);
    return endpoint;
  }
  return std::nullopt;
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const {
  storage = {};
  if (address.family == IpAddress::Family::v4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(port);
    std::memcpy(&in.sin_addr, address.bytes.data(), sizeof in.sin_addr);
    std::memcpy(&storage, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port);
  in.sin6_scope_id = scope;
  std::memcpy(&in.sin6_addr, address.bytes.data(), sizeof in.sin6_addr);
  std::memcpy(&storage, &in, sizeof in);
  return sizeof in;
}

std::string Endpoint::to_string() const {
  if (address.family == IpAddress::Family::v4)
    return fmt::format("{}:{}", address.to_string(), port);
  return fmt::format("[{}]:{}", address.to_string(), port);
}

IpPrefix IpPrefix::covering(const IpAddress& address, unsigned length) {
  IpPrefix prefix{.address = address};
  prefix.length = static_cast<std::uint8_t>(std::min(length, address.bits()));
  for (unsigned bit = prefix.length; bit < address.bits(); ++bit) {
    prefix.address.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return prefix;
}

std::optional<IpPrefix> IpPrefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::optional<IpAddress> address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  unsigned length = address->bits();
  if (slash != std::string_view::npos) {
    const std::optional<unsigned> given = parse_number(text.substr(slash + 1), address->bits());
    if (!given) return std::nullopt;
    length = *given;
  }
  const IpPrefix prefix = covering(*address, length);
  if (prefix.address != *address) return std::nullopt;
  return prefix;
}

bool IpPrefix::contains(const IpAddress& other) const {
  return other.family == address.family && covering(other, length).address == address;
}

std::string IpPrefix::to_string() const {
  return fmt::format("{}/{}", address.to_string(), length);
}

} // namespace provisiond
