#pragma once

#include "authenticate/hash.hpp"
#include "authenticate/interface_identity.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "handoff/sighting.hpp"
#include "wire/messages.hpp"

#include <chrono>
#include <cstdint>

namespace provisiond::authenticate {

enum class CookieVerdict : std::uint8_t {
  valid_mac2,         // the source address can receive: it has used a cookie that we sent there
  missing_or_invalid, // answer with `reply`; Refusal::cookie_required
};

// Proof of address under load, as the kernel's cookie.c has it (white paper, section 5.3): a cookie
// is MAC(secret, interface, address, port), so that nothing is remembered per source. A secret
// makes cookies for 120 s and is accepted for 120 s more, so that one which was given just before
// the switch is good for as long as its holder keeps it; the interface is in the MAC because one
// checker serves all interfaces. A sighting must have a valid mac1 before it is shown to this
// class.
//
// Belongs to the loop thread. `check` costs two keyed hashes, four for what is not valid, `reply`
// one and an XChaCha20-Poly1305 seal: no key agreement, no memory. Times must not go backwards.
class CookieChecker {
 public:
  static constexpr std::chrono::seconds secret_lifetime{120};

  explicit CookieChecker(TimePoint now);

  [[nodiscard]] CookieVerdict check(const Sighting& sighting, TimePoint now);

  // The cookie reply message for the sighting's sender, to be sent from `sighting.local` to
  // `sighting.source`. Smaller than what it answers, so it amplifies nothing.
  [[nodiscard]] wire::CookieReplyBytes reply(const InterfaceIdentity& identity,
                                             const Sighting& sighting, TimePoint now);

 private:
  void renew(TimePoint now);
  [[nodiscard]] static Mac cookie_for(const Sighting& sighting, const Secret<32>& secret);

  Secret<32> secret_;
  Secret<32> former_;
  TimePoint made_at_;
};

} // namespace provisiond::authenticate
