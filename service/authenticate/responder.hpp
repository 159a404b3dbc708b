#pragma once

#include "authenticate/hash.hpp"
#include "authenticate/interface_identity.hpp"
#include "base/secret.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"

#include <optional>
#include <variant>

namespace provisiond::authenticate {

// A ClaimedKey and the state of the handshake after `e, es, s`, with which proving goes on.
// Move-only; the chaining key is wiped when it goes.
class Claim {
 public:
  [[nodiscard]] const ClaimedKey& claimed() const { return claimed_; }

 private:
  friend class Responder;
  Claim(const ClaimedKey& claimed, Secret<32> chaining_key, const Hash& hash)
      : claimed_{claimed}, chaining_key_{std::move(chaining_key)}, hash_{hash} {}

  ClaimedKey claimed_;
  Secret<32> chaining_key_;        // C
  Hash hash_;                      // H, the transcript: follows from the message, not secret
  std::optional<Secret<32>> ss_{}; // where it is known already
};

// The responder's side of the first message of Noise_IKpsk2, in the order and the words of the
// white paper, section 5.4.2: `e, es, s` and then `ss, {t}`. It answers nothing, and keeps
// nothing but the shared secrets of keys that were proven.
//
// What a sighting costs, cheap to dear; each check is made only for what passed those before it:
//
//   length and type   wire::view_initiation       nothing
//   mac1              has_valid_mac1              1 keyed hash, 0.5 us
//   mac2, under load  CookieChecker::check        2 keyed hashes
//   e, es, s          Responder::claim            1 X25519, 60 us
//   ss, recalled      Responder::recall           1 keyed hash
//   ss, {t}           Responder::prove            1 X25519, 60 us; a few hashes where `ss` is there
//
// All functions are thread-safe; `recall` and `prove` take the lock of the shared secrets for a
// moment.
class Responder {
 public:
  // e, es, s: who do they say they are? Expects a valid mac1. Refusal::undecryptable_static when
  // the static key does not open (or the ephemeral is a low-order point), Refusal::own_key when it
  // is the interface's own, which devices ignore.
  [[nodiscard]] static std::variant<Claim, Refusal> claim(const InterfaceIdentity& identity,
                                                          const InitiationBytes& initiation);

  // Whether `ss` of the claimed key is known from a handshake before, and need not be computed.
  [[nodiscard]] static bool recall(const InterfaceIdentity& identity, Claim& claim);

  // ss, {t}: do they hold the private key? Expects the identity and the initiation of the claim.
  // Refusal::forged when not. Does not judge the timestamp: an old one proves as well as a new one.
  [[nodiscard]] static std::variant<ProvenKey, Refusal>
  prove(const InterfaceIdentity& identity, const InitiationBytes& initiation, Claim&& claim);
};

} // namespace provisiond::authenticate
