#pragma once

#include <chrono>

namespace provisiond {

// Time is an argument. Only the event loop and the edges of threads read these clocks; decision
// functions take the value, so that tests can move time.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;

// Calendar time, for what leaves the machine: handshake times, TAI64N, rows.
using WallClock = std::chrono::system_clock;
using WallTime = std::chrono::time_point<WallClock, std::chrono::nanoseconds>;

// One moment on both clocks: the loop reads them together, once per turn.
struct Instant {
  TimePoint steady{};
  WallTime wall{};

  static Instant now() { return {Clock::now(), WallClock::now()}; }
};

} // namespace provisiond
