#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "postgres/backoff.hpp"
#include "postgres/connection.hpp"
#include "postgres/query_watch.hpp"
#include "postgres/retry_pause.hpp"
#include "postgres/route.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace provisiond::postgres {

// A thread that works with PostgreSQL: it connects, works until something goes wrong, pauses, and
// starts over, until it is told to stop.
//
// Promises. Once it is told to stop, no query and no attempt to connect holds it: it ends within
// milliseconds, or as soon as the system's resolver answers. Several threads that end together are
// all told first and then waited for.
//
// Threads. `tick` and `hurry` belong to the loop, which calls `tick` about every 100 ms: deadlines
// of queries and pauses are counted in its time. `finish`, `stop` and `is_stopping` are for any
// thread, what stands below them for the thread itself.
class DatabaseThread {
 public:
  // A thread may look for another server beside the one that it is connected to.
  static constexpr std::size_t connections = 2;

  struct Setup {
    std::string name; // of the thread, at most 15 bytes
    std::chrono::milliseconds query_deadline;
    std::chrono::milliseconds pause_minimum; // after a failure; doubles to `pause_maximum`
    std::chrono::milliseconds pause_maximum;
  };
  // What follows a stretch of work.
  enum class Next : std::uint8_t { again, pause, end };
  struct Work {
    std::function<Next()> stretch; // begins a pause where it asks for one
    std::function<void()> end{};   // at the end, for which `finish` leaves time
  };

  explicit DatabaseThread(const Setup& setup);
  ~DatabaseThread(); // stops and joins
  DatabaseThread(const DatabaseThread&) = delete;
  DatabaseThread& operator=(const DatabaseThread&) = delete;

  // Once. What the work uses outlives the thread. Fails when no thread can be made.
  Status start(Work work);

  void tick(TimePoint now);
  // A pause that is under way ends after `longest` at the latest. False when there is none.
  bool hurry(std::chrono::milliseconds longest, TimePoint now);

  // Both return at once. `finish` ends a pause and lets what is under way go on; `stop` cuts it.
  void finish();
  void stop();
  [[nodiscard]] bool is_stopping() const { return is_stopping_; }
  // False when the thread has not ended within `limit`. Once, after `finish` or `stop`.
  bool ends_within(std::chrono::milliseconds limit);

  // Blocks. `place` tells the connections of this thread apart.
  Result<std::unique_ptr<Connection>> connect(const Route& route, std::size_t place = 0);
  // The server has closed the connection while no query was in flight. Any thread.
  [[nodiscard]] bool has_hung_up(std::size_t place = 0) const {
    return watches_.at(place).has_hung_up();
  }
  // A pause begins, longer than the one before unless there was a success meanwhile. Its length.
  std::chrono::milliseconds pause_after_failure();
  void pause_for(std::chrono::milliseconds delay) { pause_.begin(delay); }
  void note_success() { backoff_.reset(); }

 private:
  struct Ended {};

  void run(const Work& work);

  std::string name_;
  Backoff backoff_; // the thread's
  RetryPause pause_;
  std::array<QueryWatch, connections> watches_;
  std::atomic<bool> is_stopping_ = false;
  Channel<Ended> ended_{1}; // the thread -> ends_within
  std::thread thread_;
};

} // namespace provisiond::postgres
