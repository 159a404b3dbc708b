#include "postgres/array_literal.hpp"

#include <sodium.h>

#include <utility>

namespace provisiond::postgres {

// Within quotes only the quote and the backslash are special.
void ArrayLiteral::add(std::string_view value) {
  text_ += text_.size() == 1 ? "\"" : ",\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void ArrayLiteral::add_null() {
  text_ += text_.size() == 1 ? "NULL" : ",NULL";
}

void ArrayLiteral::add_bytes(std::span<const std::uint8_t> bytes) {
  std::string hex(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  hex.pop_back();
  add("\\x" + hex);
}

std::string text_array(std::span<const std::string> values) {
  ArrayLiteral literal;
  for (const std::string& value : values)
    literal.add(value);
  return std::move(literal).finish();
}

std::string key_array(std::span<const PublicKey> keys) {
  ArrayLiteral literal;
  for (const PublicKey& key : keys)
    literal.add(key);
  return std::move(literal).finish();
}

bool read_hex(std::string_view text, std::span<std::uint8_t> bytes) {
  std::size_t length = 0;
  const char* end = nullptr;
  const int status =
      sodium_hex2bin(bytes.data(), bytes.size(), text.data(), text.size(), nullptr, &length, &end);
  return status == 0 && length == bytes.size() && end == text.data() + text.size();
}

} // namespace provisiond::postgres
