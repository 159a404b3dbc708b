#pragma once

#include "base/clock.hpp"
#include "handoff/attack_order.hpp"
#include "metrics/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace provisiond::flow {

// Whether the gateway is under attack. While it is, first contact needs a cookie from every source.
//
// Load (load.hpp) comes and goes with the second: between two moments of it spoofed packets get
// through to key agreement. This one lasts. It is judged once a second, by what senders without a
// cookie did in it: a second is hot when there was load, or when so many of them were refused for
// what their address had cost that they are most. Hot for `enter_after` on end, it is entered; left
// when there was no load and hardly any sender without a cookie for `leave_after` on end. Between
// the two thresholds it stays what it was.
//
// Operators can order it on or off; an order lasts until the next one, or the end of the process.
// Meanwhile it is judged as ever.
//
// Loop thread; logs what it enters and leaves, and why. Moves attack_mode and attack_mode_entries.
class AttackMode {
 public:
  struct Limits {
    std::uint32_t refused = 500; // in a second, of senders without a cookie
    std::uint32_t share = 50;    // per cent of all of these
    Duration enter_after = std::chrono::seconds{10};
    std::uint32_t calm = 100; // fewer in a second, refused or not
    Duration leave_after = std::chrono::seconds{30};
  };
  // Where no cookie is ever asked for, it is never entered.
  enum class Cookies : std::uint8_t { asked_for, never };

  AttackMode(const Limits& limits, Cookies cookies, metrics::Metrics& metrics, TimePoint now)
      : limits_{limits}, cookies_{cookies}, metrics_{metrics}, began_{now}, hot_since_{now},
        calm_since_{now} {}

  // A sender without a cookie was let through, or was refused for what it has cost, or for load.
  void note_passed() { ++seen_; }
  void note_refused() {
    ++seen_;
    ++refused_;
  }
  void note_load() { was_loaded_ = true; }

  // With every tick; judges once a second.
  void pass(TimePoint now);
  // False when there are no cookies to ask for.
  [[nodiscard]] bool order(AttackOrder order, TimePoint now);

  [[nodiscard]] bool is_on() const { return is_on_; }
  [[nodiscard]] AttackOrder ordered() const { return order_; }

 private:
  void judge(Duration length, TimePoint now);
  void follow();
  void enter(std::string_view why);
  void leave(std::string_view why);

  Limits limits_;
  Cookies cookies_;
  metrics::Metrics& metrics_;
  AttackOrder order_ = AttackOrder::automatic;
  bool is_under_attack_ = false; // as it is judged
  bool is_on_ = false;

  // Of the second that runs.
  TimePoint began_;
  std::uint64_t seen_ = 0;
  std::uint64_t refused_ = 0;
  bool was_loaded_ = false;

  TimePoint hot_since_;  // the beginning of the hot seconds up to now
  TimePoint calm_since_; // likewise
  // Of the last second that was judged, for the log.
  std::uint64_t last_seen_ = 0;
  std::uint64_t last_refused_ = 0;
  bool was_last_loaded_ = false;
};

} // namespace provisiond::flow
