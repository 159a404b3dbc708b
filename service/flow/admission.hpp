#pragma once

#include "authenticate/cookie.hpp"
#include "base/rate.hpp"
#include "flow/context.hpp"
#include "flow/load.hpp"

#include <optional>

namespace provisiond::flow {

// What a sighting has to pass before it costs a key agreement. Loop thread; logs nothing.
class Admission {
 public:
  Admission(Context& context, TimePoint now)
      : context_{context}, load_{context.limits.load_threshold}, cookies_{now} {}

  // What is known of a key that the kernel has decrypted; saves the key agreement.
  [[nodiscard]] std::optional<Refusal> recall(const Interface& interface, const Sighting& sighting,
                                              const Instant& now);
  // Whether its address may cost a key agreement; if not, its sender is asked for proof.
  [[nodiscard]] std::optional<Refusal> admit(const Interface& interface, const Sighting& sighting,
                                             const Instant& now);
  // The budget of addresses that nothing has proven.
  [[nodiscard]] std::optional<Refusal> admit_unproven(const Sighting& sighting, const Instant& now);

  // For people to look at: whether a sender without a cookie is asked for one whatever it has cost.
  [[nodiscard]] bool is_loaded(TimePoint now) const { return load_.is_high(now); }
  [[nodiscard]] bool asks_everyone(TimePoint now) const {
    return context_.limits.demands_cookies && is_loaded(now);
  }

 private:
  [[nodiscard]] bool has_proven_address(const Sighting& sighting, const Instant& now);
  void ask_for_cookie(const Interface& interface, const Sighting& sighting, const Instant& now);

  Context& context_;
  Load load_;
  authenticate::CookieChecker cookies_;
  TokenBucket cookie_replies_;
};

} // namespace provisiond::flow
