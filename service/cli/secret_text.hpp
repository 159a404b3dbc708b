#pragma once

#include "base/secret_text.hpp"

#include <sodium.h>

namespace provisiond::cli {

using provisiond::SecretText;

// 32 bytes as `wg` prints a key.
template <class Bytes>
SecretText base64_of(const Bytes& bytes) {
  SecretText text(sodium_base64_ENCODED_LEN(32, sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), bytes.data(), 32, sodium_base64_VARIANT_ORIGINAL);
  text.pop_back(); // the terminating NUL
  return text;
}

} // namespace provisiond::cli
