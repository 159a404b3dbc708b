#pragma once

#include "base/channel.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"
#include "handoff/report.hpp"
#include "lookup/pool.hpp"
#include "lookup/presence.hpp"
#include "lookup/report_queue.hpp"
#include "postgres/database_thread.hpp"
#include "postgres/route.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace provisiond::lookup {

// Tells the database which peers have a session here now; which proven keys were refused, so that
// they can be approved; what goes on at this gateway; and that it is alive, every five seconds, to
// hear of others that are alive under its name.
//
// Promises. An ownership is kept until it is written (ReportQueue); it is tried again after a
// second, as is one whose peer is being changed just then, for which the others do not wait. The
// rest is a sample: 64 reports a second at most, what does not fit is left out, and so is
// everything for half a minute after the database could not be written to. Ownerships go first.
// While another machine has our name the database takes none of ours, and is not told of our
// interfaces, which would stand for its.
//
// Threads. reporter looks four times a second at most for what waits, and owns a PostgreSQL
// connection that is opened when there is something to write and closed after a minute without.
// `tick` belongs to the loop, which calls it about every 100 ms; nothing here reads a clock.
// Of several servers it writes to the primary.
//
// Moves reports_written, database_answers, gateway_name_conflicts, session_ownerships_written.
class Reporter {
 public:
  struct Wiring {
    ReportQueue& reports;       // flow -> reporter
    Channel<PoolEvent>& events; // reporter -> daemon's log; dropped when full
    metrics::Metrics& metrics;
  };

  // `networks` outlives the reporter. Fails when no thread can be made.
  static Result<std::unique_ptr<Reporter>> start(const Limits& limits, Networks& networks,
                                                 const Wiring& wiring);

  // Stops and joins, after a second and a half at most.
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  void tick(TimePoint now);
  // Closes `reports` and returns at once; the thread writes what waits once more, unless the last
  // attempt failed. Loop.
  void stop();
  // As of the last report. Any thread.
  [[nodiscard]] Presence presence() const {
    return presence_.with([](const Presence& presence) { return presence; });
  }

 private:
  static constexpr std::size_t most_ownerships_at_once = 1'024;
  static constexpr std::size_t most_actives_at_once = 2'048;

  struct Batch {
    std::vector<SessionOwnership> ownerships;
    std::vector<DatabaseReport> others;
    bool is_alive = false; // that is to be said
    TimePoint now;
  };

  Reporter(const Limits& limits, Networks& networks, const Wiring& wiring);

  void look();
  Batch take_what_is_due();
  Status write(Batch& batch);
  Status say_alive(const Batch& batch);
  void say_ended();
  void note(const Presence& presence);
  Status write_ownerships(Batch& batch);
  void postpone(Batch& batch, const std::vector<PublicKey>& busy);
  void give_up_hopeless(std::vector<SessionOwnership>& ownerships, const Error& error);
  Status write_others(const std::vector<DatabaseReport>& reports);
  Status write_interface(const InterfaceReport& report);
  Status open();
  void pause_after(const Error& error, TimePoint now);

  Limits limits_;
  postgres::Route route_;
  Networks& networks_;
  Wiring wiring_;
  Guarded<TimePoint> now_;
  Guarded<Presence> presence_;

  // The thread's.
  std::unique_ptr<postgres::Connection> connection_;
  std::size_t ownerships_at_once_ = most_ownerships_at_once; // fewer after a failure
  std::size_t actives_at_once_ = most_actives_at_once;       // likewise
  TimePoint ownerships_due_;
  TimePoint others_due_;
  TimePoint alive_due_;
  TimePoint first_sign_at_;
  TimePoint worked_at_;
  bool is_failing_ = false;
  PoolEvent::Kind failure_ = PoolEvent::Kind::not_reported; // what it is called if it fails now

  postgres::DatabaseThread thread_; // last, so that it ends first
};

} // namespace provisiond::lookup
