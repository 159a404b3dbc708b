#pragma once

#include "base/public_key.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace provisiond::postgres {

// A PostgreSQL array literal in the making: {"one","two"}.
class ArrayLiteral {
 public:
  void add(std::string_view value);
  void add(const PublicKey& key) { add_bytes(key.bytes); }
  void add_bytes(std::span<const std::uint8_t> bytes); // as bytea
  void add_null();
  [[nodiscard]] std::string finish() && { return std::move(text_ += '}'); }

 private:
  std::string text_ = "{";
};

std::string text_array(std::span<const std::string> values);
std::string key_array(std::span<const PublicKey> keys);

// Two hexadecimal digits for each of `bytes`; false when `text` is anything else.
bool read_hex(std::string_view text, std::span<std::uint8_t> bytes);

} // namespace provisiond::postgres
