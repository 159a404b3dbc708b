#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/guarded.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace provisiond::postgres {

// Lets a worker sleep in the loop's time: the worker calls `begin` and then blocks in `wait`; the
// first `tick` starts the delay, the first one after it ends `wait`. `close` ends it at once and
// for good. One worker per pause; `tick` and `hurry` on the loop, `close` on any thread.
class RetryPause {
 public:
  void begin(std::chrono::milliseconds delay) {
    pending_.with([&](std::optional<Pending>& pending) { pending = Pending{delay, {}}; });
  }

  // True when the delay is over, false when closed.
  [[nodiscard]] bool wait() { return !wake_.take(1).empty(); }

  void tick(TimePoint now) {
    const bool is_over = pending_.with([&](std::optional<Pending>& pending) {
      if (!pending) return false;
      if (!pending->ends_at) pending->ends_at = now + pending->delay;
      if (now < *pending->ends_at) return false;
      pending.reset();
      return true;
    });
    if (is_over) static_cast<void>(wake_.push(Wake{})); // refused only when closed
  }

  // A pause that is under way ends after `longest` at the latest. False when there is none.
  bool hurry(std::chrono::milliseconds longest, TimePoint now) {
    return pending_.with([&](std::optional<Pending>& pending) {
      if (!pending) return false;
      pending->ends_at = std::min(pending->ends_at.value_or(now + pending->delay), now + longest);
      return true;
    });
  }

  void close() { wake_.close(); }

 private:
  struct Wake {};
  struct Pending {
    std::chrono::milliseconds delay;
    std::optional<TimePoint> ends_at;
  };

  Guarded<std::optional<Pending>> pending_;
  Channel<Wake> wake_{1};
};

} // namespace provisiond::postgres
