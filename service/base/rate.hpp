#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <cstdint>

namespace provisiond {

// How often something may happen: events per second in the long run, and how many at once after a
// rest. A rate of zero allows nothing.
struct Rate {
  double per_second = 0;
  std::uint32_t burst = 0;
  bool operator==(const Rate&) const = default;
};

// How a budget stands, for people to look at.
struct BudgetView {
  Rate rate;
  std::uint32_t left = 0; // may happen at once, now
  Duration full_in{};     // until all of the burst is left again
  [[nodiscard]] bool is_spent() const { return left == 0; }
};

// A token bucket in eight bytes, kept as the generic cell rate algorithm does (ITU-T I.371): the
// time at which the bucket will be full again. A new bucket is full. Not for concurrent use.
class TokenBucket {
 public:
  // Takes a token if there is one.
  [[nodiscard]] bool take(const Rate& rate, TimePoint now) {
    if (rate.per_second <= 0 || rate.burst == 0) return false;
    const Duration interval = to_duration(1.0 / rate.per_second);
    const Duration allowance = to_duration((rate.burst - 1) / rate.per_second);
    const TimePoint start = full_at_ > now ? full_at_ : now;
    if (start - now > allowance) return false;
    full_at_ = start + interval;
    return true;
  }

  [[nodiscard]] bool is_full(TimePoint now) const { return full_at_ <= now; }

  // Takes nothing.
  [[nodiscard]] BudgetView view(const Rate& rate, TimePoint now) const {
    BudgetView view{.rate = rate};
    if (rate.per_second <= 0 || rate.burst == 0) return view;
    view.full_in = std::max(full_at_ - now, Duration::zero());
    const Duration allowance = to_duration((rate.burst - 1) / rate.per_second);
    if (view.full_in > allowance) return view;
    const Duration interval = std::max(to_duration(1.0 / rate.per_second), Duration{1});
    view.left = static_cast<std::uint32_t>((allowance - view.full_in) / interval) + 1;
    return view;
  }

 private:
  static Duration to_duration(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
  }

  TimePoint full_at_{};
};

} // namespace provisiond
