#pragma once

#include <netinet/in.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace provisiond {

// An IPv4 or IPv6 address, network byte order. IPv4 uses the first four bytes; the rest stay zero.
struct IpAddress {
  enum class Family : std::uint8_t { v4, v6 };

  Family family = Family::v4;
  std::array<std::uint8_t, 16> bytes{};

  static IpAddress v4(std::span<const std::uint8_t, 4> raw);
  static IpAddress v6(std::span<const std::uint8_t, 16> raw);
  static std::optional<IpAddress> parse(std::string_view text);

  // The bytes that count: 4 or 16.
  [[nodiscard]] std::span<const std::uint8_t> significant() const;
  [[nodiscard]] unsigned bits() const { return family == Family::v4 ? 32 : 128; }
  // True for addresses that a remote host can own: not unspecified, multicast, broadcast or
  // loopback.
  [[nodiscard]] bool is_unicast() const;
  [[nodiscard]] bool is_loopback() const;
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const IpAddress&) const = default;
};

// An address and a UDP port; `scope` is the interface index of an IPv6 link-local address, else 0.
struct Endpoint {
  IpAddress address{};
  std::uint16_t port = 0; // host byte order
  std::uint32_t scope = 0;

  // "192.0.2.1:51820" or "[2001:db8::1]:51820"; nullopt for anything else.
  static std::optional<Endpoint> parse(std::string_view text);
  static std::optional<Endpoint> from(const sockaddr* address, socklen_t length);

  // Fills `storage` and returns the length that counts.
  socklen_t to_sockaddr(sockaddr_storage& storage) const;
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

// A network prefix with all host bits zero, as an allowed IP.
struct IpPrefix {
  IpAddress address{};
  std::uint8_t length = 0;

  // nullopt when malformed, too long for the family, or when a host bit is set.
  static std::optional<IpPrefix> parse(std::string_view text);
  // The first `length` bits of `address`; `length` beyond the family's bits counts as all of them.
  static IpPrefix covering(const IpAddress& address, unsigned length);
  [[nodiscard]] bool contains(const IpAddress& other) const;
  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const IpPrefix&) const = default;
};

} // namespace provisiond
