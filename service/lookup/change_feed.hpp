#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "handoff/change.hpp"
#include "lookup/change_queries.hpp"
#include "lookup/key_reader.hpp"
#include "lookup/known_keys.hpp"
#include "lookup/pool.hpp"
#include "postgres/connection.hpp"
#include "postgres/database_thread.hpp"
#include "postgres/route.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace provisiond::lookup {

// For the log.
struct FeedEvent {
  enum class Kind : std::uint8_t { listening, polling, lost };

  Kind kind = Kind::lost;
  std::string text;                      // where it is connected to; why it polls; why it was lost
  std::chrono::milliseconds retry_in{0}; // of `lost`
  std::string identity{};                // of the database; empty when lost
};

// Tells the loop which keys have other answers now, milliseconds after the transaction that changed
// them.
//
// Promises. Every change that is committed while the feed is connected is told at least once. After
// each connecting, and whenever it may have lost something, it tells that any key of any interface
// may have changed, so nothing is missed over an outage. It asks which networks there are then,
// when one has got another name, and with every look while one of ours is not there. A notification
// only wakes it: the keys are read from wg_provision.changes by position. Where no notification can
// come (a standby, a pooler) it reads them every poll_interval, and says so; it does that
// everywhere, in case one was lost. It follows the primary, and a standby while there is none; on a
// standby it looks for a primary every 5 to 10 s, stays while it finds none, and goes on with the
// connection that it found.
//
// Threads. change-feed owns a PostgreSQL connection of its own. `tick` belongs to the loop, every
// 100 ms or so: nothing here reads a clock.
//
// Memory: one answer of the database, at most 100 keys per statement that changed them. When
// `changes` is full, what does not fit turns into "any key".
//
// Between two looks it reads which keys there are (KeyReader), where that is wanted; a change is
// known there before it is told.
//
// Moves changes, resyncs, change_feed_up, database_answers.
class ChangeFeed {
 public:
  struct Wiring {
    Channel<Change>& changes;   // change-feed -> flow
    Channel<FeedEvent>& events; // change-feed -> daemon's log; dropped when full
    metrics::Metrics& metrics;
    KnownKeys* known_keys = nullptr; // kept in step, where they are wanted
  };

  // `networks` outlives the feed. Fails when no thread can be made.
  static Result<std::unique_ptr<ChangeFeed>> start(const Limits& limits, Networks& networks,
                                                   const Wiring& wiring);

  // Stops and joins, within milliseconds.
  ~ChangeFeed() = default;
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  void tick(TimePoint now) { thread_.tick(now); }
  // Cuts what is under way and returns at once. Any thread.
  void stop() { thread_.stop(); }
  // The database has been seen to answer: a pause under way ends. Loop.
  void hurry(TimePoint now) { thread_.hurry(std::chrono::milliseconds::zero(), now); }
  // True while its connection is with a server that is no standby. Any thread.
  [[nodiscard]] bool has_primary() const { return has_primary_; }

 private:
  using Connection = postgres::Connection;
  using Next = postgres::DatabaseThread::Next;

  // Where it stands in the changes.
  struct Position {
    std::string position;
    std::string server; // positions are of one server
  };

  ChangeFeed(const Limits& limits, Networks& networks, const Wiring& wiring);

  Next work();
  Status serve();
  Status follow(Connection& connection, Position position);
  Status read_keys(Connection& connection, TimePoint until);
  Result<bool> look_after(Connection& connection, Position& position);
  Result<std::unique_ptr<Connection>> open();
  bool find_primary();
  Status hear(Connection& connection, const ChangeSet& changes);
  void hand_over(const ChangeSet& changes);
  void hand_over_everything(const std::string& position);
  void hand_over(std::vector<Change> changes, const std::string& position);
  void lost(const Error& error);

  Limits limits_;
  postgres::Route route_;
  postgres::Route probe_route_;
  Networks& networks_;
  Wiring wiring_;
  std::atomic<bool> has_primary_ = false;

  // The thread's.
  std::string identity_;         // of the database
  bool owes_everything_ = false; // `changes` was full
  std::size_t serving_ = 0;      // the place of the connection that serves; the other one probes
  std::unique_ptr<Connection> found_; // with a primary, to serve next
  KeyReader keys_;

  postgres::DatabaseThread thread_; // last, so that it ends first
};

} // namespace provisiond::lookup
