#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace provisiond::kernel {

// Whose module makes an interface. Either has a generic netlink family of its own, and knows only
// its own interfaces. The text is the kind of the link and the name of the family.
enum class WgDialect : std::uint8_t { wireguard, amneziawg };
inline constexpr std::array<std::string_view, 2> wg_dialect_names{"wireguard", "amneziawg"};
inline constexpr std::array<WgDialect, 2> wg_dialects{WgDialect::wireguard, WgDialect::amneziawg};
constexpr std::string_view to_string(WgDialect dialect) {
  return wg_dialect_names[static_cast<std::size_t>(dialect)];
}

// None for the kinds that another program serves ("tun"), and for what is no tunnel.
constexpr std::optional<WgDialect> dialect_of_kind(std::string_view link_kind) {
  for (const WgDialect dialect : wg_dialects) {
    if (to_string(dialect) == link_kind) return dialect;
  }
  return std::nullopt;
}

// How a family writes a persistent keepalive.
enum class KeepaliveFormat : std::uint8_t {
  seconds, // 16 bits
  range,   // 32 bits: the low half is the minimum, the high half the maximum
};
constexpr KeepaliveFormat keepalive_format(WgDialect dialect, std::uint32_t family_version) {
  const bool has_ranges = dialect == WgDialect::amneziawg && family_version >= 3;
  return has_ranges ? KeepaliveFormat::range : KeepaliveFormat::seconds;
}

// The multicast group in which a family that can announces the handshakes of unknown peers.
inline constexpr std::string_view unknown_peer_group = "auth";

} // namespace provisiond::kernel
