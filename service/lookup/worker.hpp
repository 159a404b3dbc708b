#pragma once

#include "base/guarded.hpp"
#include "base/result.hpp"
#include "lookup/backoff.hpp"
#include "lookup/pool.hpp"
#include "lookup/query_watch.hpp"
#include "lookup/retry_pause.hpp"
#include "lookup/session.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace provisiond::lookup {

// What a worker is told. The channels and metrics behind `wiring` outlive it.
struct WorkerSetup {
  std::uint32_t number = 0;
  Limits limits;
  std::vector<std::string> networks; // indexed by InterfaceId
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
    std::string last_error;
    std::string schema_problem;
  };

  static Result<std::unique_ptr<Worker>> start(WorkerSetup setup);
  ~Worker(); // stops and joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void tick(TimePoint now); // loop
  // Ends the pause and the query that are under way. The request channel must be closed already.
  void stop();
  [[nodiscard]] View view() const;

 private:
  explicit Worker(WorkerSetup setup);

  void run();
  std::unique_ptr<Session> connect();
  Status rehearse(Session& session);
  bool serve(Session& session);
  bool ask(Session& session, std::vector<LookupRequest> requests);
  void answer(std::vector<LookupRequest> requests, std::vector<Verdict> verdicts);
  void connected(const Session& session);
  void disconnected(View now);
  void report(PoolEvent event);
  void lost(PoolEvent::Kind kind, const std::string& reason);

  WorkerSetup setup_;
  std::string dsn_;
  Backoff backoff_;          // worker's thread
  bool had_session_ = false; // worker's thread
  RetryPause pause_;
  QueryWatch watch_;
  Guarded<View> view_;
  std::thread thread_;
};

} // namespace provisiond::lookup
