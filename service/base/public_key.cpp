#include "base/public_key.hpp"

#include <sodium.h>

namespace provisiond {

std::optional<PublicKey> PublicKey::parse(std::string_view text) {
  PublicKey key;
  std::size_t length = 0;
  const char* end = nullptr;
  const int status = sodium_base642bin(key.bytes.data(), key.bytes.size(), text.data(), text.size(),
                                       nullptr, &length, &end, sodium_base64_VARIANT_ORIGINAL);
  if (status != 0 || length != key.bytes.size() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  // The decoder takes some bytes beyond ASCII for letters.
  if (key.to_string() != text) return std::nullopt;
  return key;
}

std::string PublicKey::to_string() const {
  std::string text(sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_ORIGINAL);
  text.pop_back(); // the terminating NUL
  return text;
}

} // namespace provisiond
