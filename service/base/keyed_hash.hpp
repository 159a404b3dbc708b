#pragma once

#include <sodium.h>

#include <array>
#include <cstdint>
#include <span>

namespace provisiond {

// SipHash-2-4 under a key drawn at construction, so that nobody outside can choose inputs that
// collide in our tables. Copies share the key.
class KeyedHash {
 public:
  KeyedHash() { crypto_shorthash_keygen(key_.data()); }

  [[nodiscard]] std::uint64_t operator()(std::span<const std::uint8_t> bytes) const {
    std::array<std::uint8_t, crypto_shorthash_BYTES> digest{};
    crypto_shorthash(digest.data(), bytes.data(), bytes.size(), key_.data());
    std::uint64_t value = 0;
    for (const std::uint8_t byte : digest)
      value = value << 8 | byte;
    return value;
  }

 private:
  std::array<std::uint8_t, crypto_shorthash_KEYBYTES> key_{};
};

} // namespace provisiond
