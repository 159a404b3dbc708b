#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace provisiond::wire {

// Integers as they stand in packets. Fixed-size spans, so that the caller has already shown that
// the bytes are there.
constexpr std::uint16_t load_be16(std::span<const std::uint8_t, 2> bytes) {
  return static_cast<std::uint16_t>(bytes[0] << 8U | bytes[1]);
}

constexpr std::uint32_t load_le32(std::span<const std::uint8_t, 4> bytes) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) {
    value = value << 8U | bytes[i];
  }
  return value;
}

constexpr std::uint64_t load_be64(std::span<const std::uint8_t, 8> bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) {
    value = value << 8U | byte;
  }
  return value;
}

constexpr std::uint32_t load_be32(std::span<const std::uint8_t, 4> bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) {
    value = value << 8U | byte;
  }
  return value;
}

// Writes the lowest bytes of `value`, the most significant of them first; as many as `bytes` holds.
constexpr void store_be(std::span<std::uint8_t> bytes, std::uint64_t value) {
  for (std::size_t i = bytes.size(); i-- > 0;) {
    bytes[i] = static_cast<std::uint8_t>(value);
    value >>= 8U;
  }
}

constexpr void store_le32(std::span<std::uint8_t, 4> bytes, std::uint32_t value) {
  for (std::uint8_t& byte : bytes) {
    byte = static_cast<std::uint8_t>(value);
    value >>= 8U;
  }
}

} // namespace provisiond::wire
