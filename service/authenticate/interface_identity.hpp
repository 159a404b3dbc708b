#pragma once

#include "authenticate/hash.hpp"
#include "authenticate/shared_secrets.hpp"
#include "base/guarded.hpp"
#include "base/public_key.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstddef>
#include <memory>

namespace provisiond::authenticate {

// Who an interface is: its private key and everything that follows from it, most of it computed
// once. Threads share it through shared_ptr<const>; when the key changes, a new one takes its place
// and work under way finishes with the old one, with which its secrets are wiped. Making one costs
// one X25519 and a few pages of locked memory, and 64 bytes for each shared secret.
class InterfaceIdentity {
 public:
  // Fails for the all-zero key, which devices use to say "none".
  static Result<std::shared_ptr<const InterfaceIdentity>> make(const Secret<32>& private_key,
                                                               std::size_t shared_secrets = 0);

  [[nodiscard]] std::span<const std::uint8_t, 32> private_key() const {
    return private_key_.bytes();
  }
  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  // HASH("mac1----" || public key), HASH("cookie--" || public key): section 5.4.4 and 5.4.7.
  [[nodiscard]] const Hash& mac1_key() const { return mac1_key_; }
  [[nodiscard]] const Hash& cookie_key() const { return cookie_key_; }
  // C and H of section 5.4.2 before the first byte of a message: the construction, the identifier
  // and the responder's public key mixed in. Not secret.
  [[nodiscard]] const Hash& initial_chaining_key() const { return initial_chaining_key_; }
  [[nodiscard]] const Hash& initial_hash() const { return initial_hash_; }
  // The one part that changes. Any thread.
  [[nodiscard]] Guarded<SharedSecrets>& shared_secrets() const { return shared_secrets_; }

 private:
  InterfaceIdentity(const Secret<32>& private_key, const PublicKey& public_key,
                    std::size_t shared_secrets);

  LockedSecret<32> private_key_;
  PublicKey public_key_;
  Hash mac1_key_;
  Hash cookie_key_;
  Hash initial_chaining_key_;
  Hash initial_hash_;
  mutable Guarded<SharedSecrets> shared_secrets_;
};

} // namespace provisiond::authenticate
