#pragma once

#include "base/clock.hpp"
#include "metrics/histogram.hpp"

#include <algorithm>

namespace provisiond::daemon {

// How long the turns of the loop took: what arrives during one waits for its end. Loop thread.
class TurnTimes {
 public:
  explicit TurnTimes(metrics::Histogram& durations) : durations_{durations} {}

  void ended(Duration took) {
    durations_.observe(took);
    longest_ = std::max(longest_, took);
  }
  [[nodiscard]] Duration longest() const { return longest_; }

 private:
  metrics::Histogram& durations_;
  Duration longest_{};
};

// What is left to do by the clock.
struct Backlog {
  bool is_large = false;       // a large pass, or many departures or look-ups
  bool awaits_session = false; // a peer has had no handshake yet
};
[[nodiscard]] Duration pause_before_tick(const Backlog& backlog);

// Devices are looked at once an interval, and as often as systemd wants to hear of us. `watchdog`:
// zero where it does not.
[[nodiscard]] Duration pause_before_look(Duration interval, Duration watchdog);

} // namespace provisiond::daemon
