#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace provisiond::postgres {

// Ends a query that the server does not answer. libpq waits for its socket without a limit, so a
// frozen server or a black hole would hold its thread for ever; shutdown(2) on the socket makes
// libpq return with an error.
//
// The session's thread says which socket it uses and when a query is in flight. The loop's `tick`
// starts the clock when it first sees the query and shuts the socket down once `limit` has passed:
// a query lives at most `limit` and two ticks. Between queries `tick` looks whether the server has
// hung up, because nobody else reads the socket then.
//
// The watch holds a duplicate of the descriptor. libpq may close its own at any moment and the
// number may be used again; the duplicate names the same socket until we let go of it.
class QueryWatch {
 public:
  explicit QueryWatch(std::chrono::milliseconds limit) : limit_{limit} {}

  Status attach(int socket); // session's thread
  void detach();             // session's thread
  void begin();              // session's thread: a query is about to be sent
  void end();                // session's thread: answered, or failed
  void tick(TimePoint now);  // loop
  void cut();                // any thread: shuts this socket and every later one down at once

  // True when the attached socket was shut down because of its deadline. Session's thread.
  [[nodiscard]] bool has_expired() const;
  // True when the server closed the attached connection while no query was in flight. Any thread.
  [[nodiscard]] bool has_hung_up() const;
  // True after `cut`: nothing need be begun any more. Any thread.
  [[nodiscard]] bool is_cut() const;
  [[nodiscard]] std::chrono::milliseconds limit() const { return limit_; }

 private:
  struct State {
    UniqueFd socket;
    bool in_flight = false;
    bool expired = false;
    bool hung_up = false;
    bool cut = false;
    std::optional<TimePoint> ends_at; // none until the first tick sees the query
  };
  void watch_query(State& state, TimePoint now) const;
  static void watch_idle(State& state);

  std::chrono::milliseconds limit_;
  Guarded<State> state_;
};

// For the length of a query.
class QueryInFlight {
 public:
  explicit QueryInFlight(QueryWatch& watch) : watch_{watch} { watch_.begin(); }
  ~QueryInFlight() { watch_.end(); }
  QueryInFlight(const QueryInFlight&) = delete;
  QueryInFlight& operator=(const QueryInFlight&) = delete;

 private:
  QueryWatch& watch_;
};

} // namespace provisiond::postgres
