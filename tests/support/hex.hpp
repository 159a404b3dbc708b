#pragma once

#include <sodium.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string_view>

namespace provisiond::test {

// Exactly N bytes written in hexadecimal. Throws for anything else: a test's constant is wrong.
template <std::size_t N>
std::array<std::uint8_t, N> from_hex(std::string_view text) {
  std::array<std::uint8_t, N> bytes{};
  std::size_t size = 0;
  const int status =
      sodium_hex2bin(bytes.data(), N, text.data(), text.size(), nullptr, &size, nullptr);
  if (status != 0 || size != N) throw std::invalid_argument{"not hexadecimal of this size"};
  return bytes;
}

} // namespace provisiond::test
