#pragma once

#include "base/guarded.hpp"
#include "handoff/report.hpp"
#include "lookup/pending_reports.hpp"
#include "metrics/metrics.hpp"

#include <cstddef>
#include <vector>

namespace provisiond::lookup {

// From the loop to the reporter: what waits to be told to the database. There is no smaller queue
// before it, in which a session's ownership could find no room: it is kept until it is written, or
// counted as dropped (PendingReports has the bounds).
//
// Any thread. A push costs a lock and a search; nothing is held longer than a batch is copied.
//
// Moves session_ownerships_waiting and session_ownerships_dropped.
class ReportQueue {
 public:
  explicit ReportQueue(metrics::Metrics& metrics) : metrics_{metrics} {}

  // Loop.
  void push(DatabaseReport&& report);
  // What is pushed from now on is of no use: the reporter has begun its last look. Loop.
  void close();

  // Reporter's thread; as PendingReports.
  std::vector<SessionOwnership> take_ownerships(std::size_t limit);
  std::vector<DatabaseReport> take_others(std::size_t limit);
  void put_back(std::vector<SessionOwnership>&& ownerships);
  void postpone(std::vector<SessionOwnership>&& ownerships);
  // The database refuses it for itself, and would for ever.
  void drop_one() { metrics_.session_ownerships_dropped.add(); }

  [[nodiscard]] bool has_ownerships() const;

 private:
  struct State {
    PendingReports pending;
    bool is_closed = false;
  };
  void count(const PendingReports& pending, std::size_t dropped_before);

  metrics::Metrics& metrics_;
  Guarded<State> state_;
};

} // namespace provisiond::lookup
