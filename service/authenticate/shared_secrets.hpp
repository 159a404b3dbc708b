#pragma once

#include "base/keyed_hash.hpp"
#include "base/public_key.hpp"
#include "base/secret.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace provisiond::authenticate {

// What DH(static private key, static public key) gave for keys that were proven: it is the same in
// every handshake of a device, so one that comes back costs one X25519 instead of two.
//
// Nothing is proven by being in here: whoever claims the key must know the secret all the same, or
// the timestamp does not open.
//
// Fixed memory: 64 bytes an entry, the key and the secret, taken at construction. They are locked,
// fenced and wiped at the end, as the private key is (LockedMemory). An entry lives in one set of
// eight ways chosen by a keyed hash. Two of these are for what was merely proven, which whoever
// makes key pairs can do without end; six are for what the database knows (`keep`), and only these
// push such entries out, the one used least recently first. No entry is searched for beyond its
// set.
//
// Not for concurrent use. Costs one SipHash and eight comparisons of keys, which are no secrets.
class SharedSecrets {
 public:
  static constexpr std::size_t ways = 8;
  static constexpr std::size_t kept_ways = 6;

  // Rounded up to 8 * 2^n; none is kept with 0.
  explicit SharedSecrets(std::size_t entries);

  [[nodiscard]] std::optional<Secret<32>> find(const PublicKey& key);
  // The key was proven with it.
  void add(const PublicKey& key, const Secret<32>& secret);
  // The database knows the key; nothing where the entry is gone already.
  void keep(const PublicKey& key);

  [[nodiscard]] std::size_t capacity() const { return sets_ * ways; }

 private:
  static constexpr std::size_t entry_size = 64;

  [[nodiscard]] std::span<std::uint8_t> set_of(const PublicKey& key);
  // Where the key is in its set, from the front; nullopt when it is not.
  [[nodiscard]] static std::optional<std::size_t> place_of(std::span<const std::uint8_t> set,
                                                           const PublicKey& key);
  // The entry at `from` goes to `to`, before it or where it is; those between move back by one.
  static void bring_forward(std::span<std::uint8_t> set, std::size_t from, std::size_t to);

  std::size_t sets_;
  std::optional<LockedMemory> memory_; // none without entries
  KeyedHash hash_;
};

} // namespace provisiond::authenticate
