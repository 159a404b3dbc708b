#pragma once

#include "base/clock.hpp"
#include "evict/staleness.hpp"
#include "flow/flow.hpp"
#include "lookup/change_feed.hpp"
#include "lookup/pool.hpp"
#include "metrics/metrics.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>

namespace provisiond::daemon {

// What the loop does because the database is away, back, silent for long, or another one than
// before. Loop thread.
class DatabaseWatch {
 public:
  // What it has to know of the sessions, and what it can do with them.
  struct Sessions {
    std::function<bool()> can_look_up; // one that looks up is connected
    std::function<bool()> has_primary; // the one that listens
    std::function<void(TimePoint)> hurry_look_ups;
    std::function<void(TimePoint)> hurry_changes;
    std::function<void()> return_to_primary; // those that look up
  };
  struct Wiring {
    flow::Flow& flow;
    Sessions sessions;
    metrics::Metrics& metrics;
    std::string known{};                            // the database of before the start; empty: none
    std::function<void(const std::string&)> keep{}; // over restarts
  };
  struct Limits {
    Duration max_stale{};       // zero: for ever
    bool removes_peers = false; // then, those that the database has given us
    Duration max_missing{};     // only told
  };

  static Sessions sessions_of(lookup::Pool& pool, lookup::ChangeFeed& change_feed);

  DatabaseWatch(Wiring wiring, const Limits& limits, TimePoint now)
      : wiring_{std::move(wiring)}, limits_{limits}, staleness_{limits.max_stale, now},
        first_identity_{wiring_.known} {}

  // With every turn of the loop's tick: who waits is looked up once somebody can be asked, and
  // until then the sessions hurry.
  void pass(const Instant& now);
  // A session has connected.
  void connected(const Instant& now);
  // Every few seconds, and with each event of the change feed: where the primary is back, sessions
  // that a standby has served meanwhile go to it.
  void seek_primary();

  // A session has found this database at its other end. The first one ever is ours, until another
  // one is accepted; an empty name says nothing.
  void found(const std::string& identity);
  // Another one was meant. False when it is not the one that was found last.
  bool accept(const std::string& identity);
  [[nodiscard]] const std::string& identity() const { return identity_; } // the last one
  [[nodiscard]] bool is_another() const {
    return !identity_.empty() && identity_ != first_identity_;
  }

 private:
  void take_for_ours(const std::string& identity);
  void note_answers(const Instant& now);
  void become_stale();
  void warn_of_missing_rows(TimePoint now);

  Wiring wiring_;
  Limits limits_;
  evict::Staleness staleness_;
  std::string first_identity_;
  std::string identity_;
  std::int64_t missing_rows_ = 0; // as the log knows them
  TimePoint missing_rows_told_at_{};
};

} // namespace provisiond::daemon
