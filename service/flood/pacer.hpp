#pragma once

#include "base/clock.hpp"

#include <chrono>

namespace provisiond::flood {

// Says when the next packet is due: so many a second, evenly. A machine that falls behind catches
// up on `catch_up` of delay and lets the rest go, so that a pause is not followed by a burst. Time
// is an argument.
class Pacer {
 public:
  static constexpr Duration catch_up = std::chrono::milliseconds{50};

  // `rate` a second, above zero; the first is due at `start`.
  Pacer(double rate, TimePoint start)
      : interval_{std::chrono::duration_cast<Duration>(std::chrono::duration<double>{1 / rate})},
        next_{start} {}

  // Whether one is due; it then counts as sent.
  [[nodiscard]] bool take(TimePoint now) {
    if (now < next_) return false;
    if (now - next_ > catch_up) next_ = now - catch_up;
    next_ += interval_;
    return true;
  }

  [[nodiscard]] TimePoint next() const { return next_; }

 private:
  Duration interval_;
  TimePoint next_;
};

} // namespace provisiond::flood
