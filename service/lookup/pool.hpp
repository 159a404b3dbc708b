#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret_text.hpp"
#include "handoff/peer_record.hpp"
#include "lookup/networks.hpp"
#include "lookup/presence.hpp"
#include "metrics/metrics.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace provisiond::lookup {

class Worker;

struct Limits {
  SecretString dsn;               // libpq string or URI; of several hosts, see postgres/route.hpp
  std::uint32_t sessions = 2;     // 1 to 64
  std::uint32_t batch_size = 128; // keys per query, 1 to 4096
  std::chrono::milliseconds connect_timeout{5'000}; // per host; libpq counts whole seconds from 2
  std::chrono::milliseconds query_deadline{2'000};  // then the session is cut
  std::chrono::milliseconds reconnect_minimum{100}; // first retry, before jitter
  std::chrono::milliseconds reconnect_maximum{10'000};
  std::chrono::milliseconds poll_interval{5'000}; // of the change feed
  Gateway gateway{};                              // who we are to the database
};

// What happened to one session, for the log. `text` is one line without secrets: where it is
// connected to, or why it is not and what to do.
struct PoolEvent {
  enum class Kind : std::uint8_t {
    connected,
    disconnected,
    schema_mismatch,
    enrolment_failed,
    not_reported, // the reporter has a session that does not do; those that follow are of it, too
    same_name,    // `text`: the host names of others that are alive under our name
    name_refused, // the same, and another machine had it first
    name_is_free, // there is none any more
  };

  Kind kind = Kind::disconnected;
  std::optional<std::uint32_t> session; // none: the reporter's own
  std::string text;
  std::chrono::milliseconds retry_in{0}; // 0 where nothing is tried again
  bool is_back = false;   // connected: to a primary, after a standby that may have been behind
  std::string identity{}; // connected: of the database
};

// How the pool is now. The texts are empty when there is nothing to say.
struct PoolState {
  std::uint32_t connected_sessions = 0;
  std::string last_error;     // of a session that is not connected
  std::string schema_problem; // the schema is too old, too new, missing or not permitted
};

// The channels and counters of a pool; all outlive it.
struct PoolWiring {
  Channel<LookupRequest>& requests; // flow -> lookup-0..n
  Channel<LookupAnswer>& answers;   // lookup-0..n and tick -> flow
  Channel<PoolEvent>& events;       // lookup-0..n -> daemon's log; dropped when full
  metrics::Metrics& metrics;
};

// Asks PostgreSQL for peers, on threads of its own.
//
// Promises. Every request taken gets exactly one answer, provided that the asker never has more
// look-ups outstanding than `answers` has room for (lookup::Ledger; a lost answer counts as
// lookup_errors). An
// answer comes within query_deadline plus three ticks, also from a server that is frozen or behind
// a black hole: Refusal::database_unavailable then, which says nothing about the key. While no
// session is connected, each tick answers everything that waits with database_unavailable.
// When one session connects, the pauses of the others end.
// Before a session serves, the schema version is checked; with the wrong one it does not serve.
// Then it asks which networks there are.
//
// Threads. lookup-0..n own one PostgreSQL session each and take everything queued, at most
// batch_size, as one query. `tick` belongs to the loop, which calls it about every 100 ms:
// deadlines and reconnects are counted in its time, and nothing here reads a clock. `state` may be
// called from any thread.
//
// Cost. A tick is a few locks. A batch of 128 keys is one round trip, one to three milliseconds.
// Memory: batch_size requests and answers per session.
//
// Moves lookup_batches, lookup_keys, lookup_errors, database_reconnects, database_sessions,
// database_answers.
class Pool {
 public:
  // `networks` outlives the pool. Fails on a limit out of range or when no thread can be made; an
  // unreachable database is no failure, it is retried for ever.
  static Result<std::unique_ptr<Pool>> start(const Limits& limits, Networks& networks,
                                             const PoolWiring& wiring);

  // Stops and joins, within milliseconds. What was taken or waits is answered with
  // database_unavailable.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  void tick(TimePoint now);
  // Closes `requests`, cuts queries and attempts to connect that are under way, and returns at
  // once. Loop.
  void stop();
  [[nodiscard]] PoolState state() const;

  // Somebody waits for the database: while no session is connected, one of them is tried again
  // within half a second, whatever its pause. Loop.
  void hurry(TimePoint now);
  // A primary is there: sessions with a standby as the fallback go to it; what is asked meanwhile
  // waits. Loop.
  void return_to_primary();

 private:
  explicit Pool(const PoolWiring& wiring);
  void answer_everything_that_waits();

  PoolWiring wiring_;
  std::vector<std::unique_ptr<Worker>> workers_;
  bool was_connected_ = false; // loop: any session, at the last tick
};

} // namespace provisiond::lookup
