#pragma once

#include "base/guarded.hpp"
#include "base/result.hpp"
#include "lookup/pool.hpp"
#include "lookup/record.hpp"
#include "postgres/connection.hpp"
#include "postgres/database_thread.hpp"
#include "postgres/route.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace provisiond::lookup {

// What a worker is told. The networks, channels and metrics behind `wiring` outlive it.
struct WorkerSetup {
  std::uint32_t number = 0;
  Limits limits;
  Networks& networks;
  PoolWiring wiring;
};

// One thread of the pool, lookup-<number>, and its connection: connects, checks the schema, serves
// batches until an error, pauses, and starts over, until the request channel is closed or `stop`.
// Every request that it takes is answered. An error costs the connection and answers its batch with
// database_unavailable.
class Worker {
 public:
  struct View {
    bool connected = false;
    bool is_fallback = false; // with a standby, because no primary was there
    std::string last_error;
    std::string schema_problem;
  };

  static Result<std::unique_ptr<Worker>> start(WorkerSetup setup);
  ~Worker() = default; // stops and joins
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void tick(TimePoint now); // loop
  // The pause under way, if there is one, ends after `longest` at the latest. Loop.
  bool hurry(std::chrono::milliseconds longest, TimePoint now);
  // A connection with a standby as the fallback is exchanged for one with the primary. Loop.
  void return_to_primary();
  // Ends the pause, the query and the attempt to connect that are under way; returns at once. The
  // request channel must be closed already.
  void stop();
  [[nodiscard]] View view() const;

 private:
  using Connection = postgres::Connection;
  using Next = postgres::DatabaseThread::Next;

  explicit Worker(WorkerSetup setup);

  Next work();
  std::unique_ptr<Connection> connect();
  Next serve(Connection& connection);
  bool ask(Connection& connection, std::vector<LookupRequest> requests);
  void note_standing(const Connection& connection);
  static Result<std::vector<Verdict>> tell_removed(Connection& connection,
                                                   std::span<const LookupRequest> requests,
                                                   std::vector<Verdict> verdicts);
  bool find(Connection& connection, std::vector<LookupRequest> requests);
  bool enrol(Connection& connection, LookupRequest request);
  void answer(const LookupRequest& request, Verdict verdict);
  void answer(std::vector<LookupRequest> requests, std::vector<Verdict> verdicts);
  void connected(const Connection& connection);
  void disconnected(View now);
  void report(PoolEvent event);
  void report_connected(const Connection& connection, bool is_back);
  void lost(PoolEvent::Kind kind, const std::string& reason);

  WorkerSetup setup_;
  postgres::Route route_;
  std::string identity_;        // worker's thread: of the database
  bool had_connection_ = false; // worker's thread
  bool was_fallback_ = false;   // the thread's: the last connection was with a standby
  std::atomic<bool> primary_is_back_ = false;
  Guarded<View> view_;
  postgres::DatabaseThread thread_; // last, so that it ends first
};

} // namespace provisiond::lookup
