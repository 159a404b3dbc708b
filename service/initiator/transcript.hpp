#pragma once

#include "authenticate/hash.hpp"
#include "base/public_key.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace provisiond::initiator {

// C, H and the newest key of a handshake (white paper, section 5.4), from either side. For the
// load generator, tests and benchmarks only: no care for side channels. Ends the program when a key
// agreement gives zero.
class Transcript {
 public:
  using Bytes = std::span<const std::uint8_t>;

  explicit Transcript(const PublicKey& responder);

  void mix_hash(Bytes bytes) { hash_ = authenticate::hash(hash_, bytes); }
  // e, in the first message and in the second.
  void mix_ephemeral(const PublicKey& ephemeral);
  // es and ss, which encrypt what follows them; ee and se, which do not.
  void mix_key(const Secret<32>& shared);
  void mix_chaining_key(const Secret<32>& shared);
  void mix_preshared_key(const Secret<32>& preshared_key);

  // Encrypts under the newest key, and mixes in what came out: 16 bytes more than went in.
  std::vector<std::uint8_t> seal(Bytes contents);
  // False when it was not sealed so; `contents` has 16 bytes less than `sealed`.
  bool open(Bytes sealed, std::span<std::uint8_t> contents);

  // The transport keys: what the initiator sends with, and what the responder sends with.
  [[nodiscard]] std::array<Secret<32>, 2> transport_keys() const {
    return authenticate::kdf2(chaining_key_.bytes(), {});
  }

 private:
  Secret<32> chaining_key_;
  Secret<32> key_;
  authenticate::Hash hash_{};
};

Secret<32> key_agreement(const Secret<32>& private_key, const PublicKey& public_key);

} // namespace provisiond::initiator
