#pragma once

#include "base/secret.hpp"

#include <cstdint>
#include <functional>
#include <span>

namespace provisiond::bench {

// One function, of two libraries; false where it fails or gives zero.
using X25519 =
    std::function<bool(std::span<std::uint8_t, 32> shared, std::span<const std::uint8_t, 32> peer)>;

[[nodiscard]] X25519 x25519_of_libsodium(const Secret<32>& private_key);
// The private key and its context are kept; the other key is an object that is made for each call.
[[nodiscard]] X25519 x25519_of_openssl(const Secret<32>& private_key);

} // namespace provisiond::bench
