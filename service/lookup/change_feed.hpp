#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "handoff/change.hpp"
#include "lookup/backoff.hpp"
#include "lookup/pool.hpp"
#include "lookup/query_watch.hpp"
#include "lookup/retry_pause.hpp"
#include "lookup/route.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace provisiond::lookup {

class Session;
struct News;

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
// session that it found.
//
// Threads. change-feed owns a PostgreSQL session of its own. `tick` belongs to the loop, every
// 100 ms or so: nothing here reads a clock.
//
// Memory: one answer of the database, at most 100 keys per statement that changed them. When
// `changes` is full, what does not fit turns into "any key".
//
// Moves changes, resyncs, change_feed_up, database_answers.
class ChangeFeed {
 public:
  struct Wiring {
    Channel<Change>& changes;   // change-feed -> flow
    Channel<FeedEvent>& events; // change-feed -> daemon's log; dropped when full
    metrics::Metrics& metrics;
  };

  // `networks` outlives the feed. Fails when no thread can be made.
  static Result<std::unique_ptr<ChangeFeed>> start(const Limits& limits, Networks& networks,
                                                   const Wiring& wiring);

  // Joins: at once, or after at most connect_timeout per host while it is connecting.
  ~ChangeFeed();
  ChangeFeed(const ChangeFeed&) = delete;
  ChangeFeed& operator=(const ChangeFeed&) = delete;

  void tick(TimePoint now);
  // The database has been seen to answer: a pause under way ends. Loop.
  void hurry(TimePoint now) { pause_.hurry(std::chrono::milliseconds::zero(), now); }
  // True while its session is with a server that is no standby. Any thread.
  [[nodiscard]] bool has_primary() const { return has_primary_; }

 private:
  ChangeFeed(const Limits& limits, Networks& networks, const Wiring& wiring);

  void run();
  Status serve();
  Status follow(Session& session, std::string position);
  Result<std::unique_ptr<Session>> open();
  bool find_primary();
  [[nodiscard]] QueryWatch& spare_watch() { return watches_[1 - serving_]; }
  Status hear(Session& session, const News& news);
  void hand_over(const News& news);
  void hand_over_everything(const std::string& position);
  void hand_over(std::vector<Change> changes, const std::string& position);
  void lost(const Error& error);

  Limits limits_;
  Route route_;
  Route probe_route_;
  Networks& networks_;
  Wiring wiring_;
  Backoff backoff_;              // change-feed's thread
  bool owes_everything_ = false; // change-feed's thread: `changes` was full
  std::atomic<bool> is_stopping_ = false;
  std::atomic<bool> has_primary_ = false;
  RetryPause pause_;
  std::array<QueryWatch, 2>
      watches_;             // of the session that serves, and of one that looks for a primary
  std::size_t serving_ = 0; // change-feed's thread: which of them
  std::unique_ptr<Session> found_; // likewise: with a primary, to serve next
  std::thread thread_;
};

} // namespace provisiond::lookup
