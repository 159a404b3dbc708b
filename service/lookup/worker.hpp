#pragma once

#include "base/guarded.hpp"
#include "base/result.hpp"
#include "lookup/backoff.hpp"
#include "lookup/pool.hpp"
#include "lookup/query_watch.hpp"
#include "lookup/retry_pause.hpp"
#include "lookup/route.hpp"
#include "lookup/session.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace provisiond::lookup {

// What a worker is told. The networks, channels and metrics behind `wiring` outlive it.
struct WorkerSetup {
  std::uint32_t number = 0;
  Limits limits;
  Networks& networks;
  PoolWiring wiring;
};

// One thread of the pool, lookup-<number>, and its session: connects, checks the schema, serves
// batches until an error, waits, and starts over, until the request channel is closed or `stop`.
// Every request that it takes is answered. An error costs the session and answers its batch with
// database_unavailable.
class Worker {
 public:
  struct View {
    bool connected = false;
    bool stands_in = false; // with a standby, because no primary was there
    std::string last_error;
    std::string schema_problem;
  };

  static Result<std::unique_ptr<Worker>> start(WorkerSetup setup);
  ~Worker(); // stops and joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void tick(TimePoint now); // loop
  // The pause under way, if there is one, ends after `longest` at the latest. Loop.
  bool hurry(std::chrono::milliseconds longest, TimePoint now);
  // A session with a standby that stands in is exchanged for one with the primary. Loop.
  void return_to_primary();
  // Ends the pause and the query that are under way. The request channel must be closed already.
  void stop();
  [[nodiscard]] View view() const;

 private:
  enum class Ending : std::uint8_t { closed, lost, primary_is_back };

  explicit Worker(WorkerSetup setup);

  void run();
  std::unique_ptr<Session> connect();
  Ending serve(Session& session);
  bool ask(Session& session, std::vector<LookupRequest> requests);
  void note_standing(const Session& session);
  static Result<std::vector<Verdict>> tell_removed(Session& session,
                                                   std::span<const LookupRequest> requests,
                                                   std::vector<Verdict> verdicts);
  bool find(Session& session, std::vector<LookupRequest> requests);
  bool enrol(Session& session, LookupRequest request);
  void answer(const LookupRequest& request, Verdict verdict);
  void answer(std::vector<LookupRequest> requests, std::vector<Verdict> verdicts);
  void connected(const Session& session);
  void disconnected(View now);
  void report(PoolEvent event);
  void lost(PoolEvent::Kind kind, const std::string& reason);

  WorkerSetup setup_;
  Route route_;
  Backoff backoff_;           // worker's thread
  bool had_session_ = false;  // worker's thread
  bool has_stood_in_ = false; // the thread's: the last session was with a standby
  std::atomic<bool> primary_is_back_ = false;
  RetryPause pause_;
  QueryWatch watch_;
  Guarded<View> view_;
  std::thread thread_;
};

} // namespace provisiond::lookup
