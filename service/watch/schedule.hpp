#pragma once

#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace provisiond::watch {

// When to look at a device's peers again. A pass costs time linear in their number and stalls the
// loop, so passes may take a tenth of the time at most, however large the device is. While peers
// wait for their first handshake the next pass comes as early as that allows, else after the
// interval. Of the last two passes the shorter one counts: a pass that waited for somebody else's
// lock (rtnl) says nothing about the device.
//
// Loop thread; pure but for its memory of the last pass.
class Schedule {
 public:
  explicit Schedule(Duration interval) : interval_{interval} {}

  [[nodiscard]] bool is_due(bool someone_waits, TimePoint now) const {
    return now >= last_end_ + (someone_waits ? pause() : std::max(interval_, pause()));
  }

  void passed(TimePoint begin, TimePoint end) {
    last_end_ = end;
    previous_duration_ = std::exchange(last_duration_, end - begin);
  }

  // The next pass comes at once.
  void hurry() { last_end_ = {}; }

 private:
  static constexpr Duration shortest_pause = std::chrono::milliseconds{20};
  [[nodiscard]] Duration pause() const {
    return std::max<Duration>(shortest_pause, 9 * std::min(previous_duration_, last_duration_));
  }

  Duration interval_;
  TimePoint last_end_{};
  Duration previous_duration_{};
  Duration last_duration_{};
};

} // namespace provisiond::watch
