#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace provisiond {

// A Curve25519 public key: 32 bytes, shown and read as `wg` prints it (44 characters of base64).
struct PublicKey {
  std::array<std::uint8_t, 32> bytes{};

  // Copies 32 bytes.
  static PublicKey from(std::span<const std::uint8_t, 32> raw) {
    PublicKey key;
    std::memcpy(key.bytes.data(), raw.data(), raw.size());
    return key;
  }
  // nullopt when `text` is not canonical base64 of exactly 32 bytes.
  static std::optional<PublicKey> parse(std::string_view text);

  [[nodiscard]] std::string to_string() const;
  auto operator<=>(const PublicKey&) const = default;
};

} // namespace provisiond
