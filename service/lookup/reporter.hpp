#pragma once

#include "base/channel.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"
#include "handoff/report.hpp"
#include "lookup/pending_reports.hpp"
#include "lookup/pool.hpp"
#include "lookup/presence.hpp"
#include "lookup/query_watch.hpp"
#include "lookup/retry_pause.hpp"
#include "lookup/route.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace provisiond::lookup {

class Session;

// Tells the database which peers have a session here now; which proven keys were refused, so that
// somebody can approve them; what goes on at this gateway; and that it is alive, every five
// seconds, to hear of others that are alive under its name.
//
// Promises. A claim of a session that `tick` has taken out of `reports` is kept until it is
// written, at most PendingReports::maximum_claims of them; it is tried again after a second, as is
// one whose peer somebody else is changing, for which the others do not wait. The rest is a sample:
// 64 reports a second at most, what does not fit is left out, and so is everything for half a
// minute after the database could not be written to. Claims go first. While another machine has our
// name the database takes no claim, and is not told of our interfaces, which would stand for its.
//
// Threads. reporter looks four times a second at most for what waits, and owns a PostgreSQL session
// that is opened when there is something to write and closed after a minute without. `tick` belongs
// to the loop, which calls it about every 100 ms and so empties `reports`; nothing here reads a
// clock.
// Of several servers it writes to the primary.
//
// Moves reports_written, database_answers, gateway_name_conflicts, and session_claims_written,
// _waiting and _dropped.
class Reporter {
 public:
  struct Wiring {
    Channel<DatabaseReport>& reports; // flow -> tick
    Channel<PoolEvent>& events;       // reporter -> daemon's log; dropped when full
    metrics::Metrics& metrics;
  };

  // `networks` outlives the reporter. Fails when no thread can be made.
  static Result<std::unique_ptr<Reporter>> start(const Limits& limits, Networks& networks,
                                                 const Wiring& wiring);

  // Closes `reports`, writes what waits once more unless the last attempt failed, and joins: within
  // a second and a half, or after at most connect_timeout per host while connecting.
  ~Reporter();
  Reporter(const Reporter&) = delete;
  Reporter& operator=(const Reporter&) = delete;

  void tick(TimePoint now);
  // As of the last report. Any thread.
  [[nodiscard]] Presence presence() const {
    return presence_.with([](const Presence& presence) { return presence; });
  }

 private:
  static constexpr std::size_t most_claims_at_once = 1'024;

  // Between the loop and the thread.
  struct Shared {
    PendingReports pending;
    TimePoint now;
  };
  struct Batch {
    std::vector<SessionClaim> claims;
    std::vector<DatabaseReport> others;
    bool is_alive = false; // that is to be said
    TimePoint now;
  };
  struct Done {};

  Reporter(const Limits& limits, Networks& networks, const Wiring& wiring);

  void take_over();
  void run();
  void look();
  Batch take_what_is_due();
  Status write(Batch& batch);
  Status say_alive(const Batch& batch);
  void say_ended();
  void note(const Presence& presence);
  Status write_claims(Batch& batch);
  void postpone(Batch& batch, const std::vector<PublicKey>& busy);
  void give_up_hopeless(std::vector<SessionClaim>& claims, const Error& error);
  Status write_others(const std::vector<DatabaseReport>& reports);
  Status open();
  void pause_after(const Error& error, TimePoint now);

  Limits limits_;
  Route route_;
  Networks& networks_;
  Wiring wiring_;
  RetryPause pause_;
  QueryWatch watch_;
  Guarded<Shared> shared_;
  Guarded<Presence> presence_;
  Channel<Done> done_{1}; // reporter -> destructor

  // The thread's.
  std::unique_ptr<Session> session_;
  std::size_t claims_at_once_ = most_claims_at_once; // fewer after a failure
  TimePoint claims_due_;
  TimePoint others_due_;
  TimePoint alive_due_;
  TimePoint first_sign_at_;
  TimePoint worked_at_;
  bool is_failing_ = false;

  std::thread thread_;
};

} // namespace provisiond::lookup
