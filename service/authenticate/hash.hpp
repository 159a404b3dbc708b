#pragma once

#include "base/secret.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace provisiond::authenticate {

// The hash functions of the white paper (section 5.4), all on BLAKE2s. Thread-safe, allocate
// nothing, wipe their state. One compression is about 0.3 us.

using Hash = std::array<std::uint8_t, 32>;
using Mac = std::array<std::uint8_t, 16>;
using Bytes = std::span<const std::uint8_t>;

// HASH(first || second), 32 bytes.
[[nodiscard]] Hash hash(Bytes first, Bytes second = {});

// MAC(key, input): keyed BLAKE2s with 16 bytes of output. Keys are 32 bytes (mac1, cookie secret)
// or a cookie (mac2).
[[nodiscard]] Mac mac(std::span<const std::uint8_t, 32> key, Bytes input);
[[nodiscard]] Mac mac(std::span<const std::uint8_t, 16> key, Bytes input);

// HMAC(key, input || suffix) with BLAKE2s, block 64 bytes.
[[nodiscard]] Secret<32> hmac(std::span<const std::uint8_t, 32> key, Bytes input,
                              Bytes suffix = {});

// KDFn(key, input): n outputs of HKDF. In the handshake, `key` is the chaining key and the first
// output the next one.
[[nodiscard]] Secret<32> kdf1(std::span<const std::uint8_t, 32> key, Bytes input);
[[nodiscard]] std::array<Secret<32>, 2> kdf2(std::span<const std::uint8_t, 32> key, Bytes input);
[[nodiscard]] std::array<Secret<32>, 3> kdf3(std::span<const std::uint8_t, 32> key, Bytes input);

} // namespace provisiond::authenticate
