#pragma once

#include "authenticate/cookie.hpp"
#include "base/rate.hpp"
#include "flow/attack_mode.hpp"
#include "flow/context.hpp"
#include "flow/load.hpp"

#include <optional>

namespace provisiond::flow {

// What a sighting has to pass before it costs a key agreement. Loop thread; logs nothing.
class Admission {
 public:
  Admission(Context& context, TimePoint now)
      : context_{context}, load_{context.limits.load_threshold},
        attack_mode_{context.limits.attack,
                     context.limits.demands_cookies ? AttackMode::Cookies::asked_for
                                                    : AttackMode::Cookies::never,
                     context.wiring.metrics, now},
        cookies_{now} {}

  // What is known of a key that the kernel has decrypted; saves the key agreement.
  [[nodiscard]] std::optional<Refusal> recall(const Interface& interface, const Sighting& sighting,
                                              const Instant& now);
  // Whether its address may cost a key agreement; if not, its sender is asked for proof.
  [[nodiscard]] std::optional<Refusal> admit(const Interface& interface, const Sighting& sighting,
                                             const Instant& now);
  // The budget of addresses that nothing has proven.
  [[nodiscard]] std::optional<Refusal> admit_unproven(const Sighting& sighting, const Instant& now);
  // In a dry run nobody comes back with a cookie, so what is refused goes on, to find out what it
  // would have come to; within a budget of its own, because it is work all the same.
  [[nodiscard]] bool passes_in_dry_run(const Interface& interface, const Instant& now);

  // For people to look at: whether a sender without a cookie is asked for one whatever it has cost.
  [[nodiscard]] bool is_loaded(TimePoint now) const { return load_.is_high(now); }
  [[nodiscard]] bool asks_everyone(TimePoint now) const {
    return context_.limits.demands_cookies && (is_loaded(now) || attack_mode_.is_on());
  }

  [[nodiscard]] AttackMode& attack_mode() { return attack_mode_; }
  [[nodiscard]] const AttackMode& attack_mode() const { return attack_mode_; }

 private:
  [[nodiscard]] bool has_proven_address(const Sighting& sighting, const Instant& now);
  void ask_for_cookie(const Interface& interface, const Sighting& sighting, const Instant& now);

  Context& context_;
  Load load_;
  AttackMode attack_mode_;
  authenticate::CookieChecker cookies_;
  TokenBucket cookie_replies_;
  TokenBucket dry_run_passes_;
};

} // namespace provisiond::flow
