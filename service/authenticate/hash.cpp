#include "authenticate/hash.hpp"

#include <blake2.h>

#include <algorithm>

namespace provisiond::authenticate {

namespace {

constexpr std::size_t block_size = BLAKE2S_BLOCKBYTES;

// libb2 picks its implementation at the first call of each function and stores the choice in a
// plain global. Making these calls once, inside the initialisation of a static, keeps threads from
// racing on that store.
void choose_implementation() {
  static const bool chosen = [] {
    blake2s_state state{};
    Hash ignored{};
    blake2s_init(&state, ignored.size());
    blake2s_init_key(&state, ignored.size(), ignored.data(), ignored.size());
    blake2s_update(&state, ignored.data(), ignored.size());
    blake2s_final(&state, ignored.data(), ignored.size());
    return true;
  }();
  static_cast<void>(chosen);
}

// One BLAKE2s computation; wipes its state. The C functions fail only for sizes that the types
// here exclude, so their status says nothing.
class Blake2s {
 public:
  explicit Blake2s(std::size_t output_size) {
    choose_implementation();
    blake2s_init(&state_, output_size);
  }
  Blake2s(std::size_t output_size, Bytes key) {
    choose_implementation();
    blake2s_init_key(&state_, output_size, key.data(), key.size());
  }
  Blake2s(const Blake2s&) = delete;
  Blake2s& operator=(const Blake2s&) = delete;
  ~Blake2s() { sodium_memzero(&state_, sizeof state_); }

  Blake2s& update(Bytes bytes) {
    if (!bytes.empty()) blake2s_update(&state_, bytes.data(), bytes.size());
    return *this;
  }
  void final(std::span<std::uint8_t> output) {
    blake2s_final(&state_, output.data(), output.size());
  }

 private:
  blake2s_state state_;
};

Mac mac_with(Bytes key, Bytes input) {
  Mac output;
  Blake2s{output.size(), key}.update(input).final(output);
  return output;
}

// The key, padded to a block and masked, as HMAC (RFC 2104) begins both of its hashes.
Secret<block_size> hmac_pad(std::span<const std::uint8_t, 32> key, std::uint8_t mask) {
  Secret<block_size> pad;
  std::ranges::copy(key, pad.writable().begin());
  for (std::uint8_t& byte : pad.writable()) {
    byte ^= mask;
  }
  return pad;
}

// The next output of HKDF: HMAC(secret, previous || counter).
Secret<32> expand(const Secret<32>& secret, Bytes previous, std::uint8_t counter) {
  return hmac(secret.bytes(), previous, {&counter, 1});
}

} // namespace

Hash hash(Bytes first, Bytes second) {
  Hash output;
  Blake2s{output.size()}.update(first).update(second).final(output);
  return output;
}

Mac mac(std::span<const std::uint8_t, 32> key, Bytes input) {
  return mac_with(key, input);
}

Mac mac(std::span<const std::uint8_t, 16> key, Bytes input) {
  return mac_with(key, input);
}

Secret<32> hmac(std::span<const std::uint8_t, 32> key, Bytes input, Bytes suffix) {
  Secret<32> inner;
  Secret<32> outer;
  Blake2s{32}
      .update(hmac_pad(key, 0x36).bytes())
      .update(input)
      .update(suffix)
      .final(inner.writable());
  Blake2s{32}.update(hmac_pad(key, 0x5c).bytes()).update(inner.bytes()).final(outer.writable());
  return outer;
}

Secret<32> kdf1(std::span<const std::uint8_t, 32> key, Bytes input) {
  return expand(hmac(key, input), {}, 1);
}

std::array<Secret<32>, 2> kdf2(std::span<const std::uint8_t, 32> key, Bytes input) {
  const Secret<32> secret = hmac(key, input);
  Secret<32> first = expand(secret, {}, 1);
  Secret<32> second = expand(secret, first.bytes(), 2);
  return {std::move(first), std::move(second)};
}

std::array<Secret<32>, 3> kdf3(std::span<const std::uint8_t, 32> key, Bytes input) {
  const Secret<32> secret = hmac(key, input);
  Secret<32> first = expand(secret, {}, 1);
  Secret<32> second = expand(secret, first.bytes(), 2);
  Secret<32> third = expand(secret, second.bytes(), 3);
  return {std::move(first), std::move(second), std::move(third)};
}

} // namespace provisiond::authenticate
