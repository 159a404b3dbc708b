#include "lookup/pool.hpp"

#include "lookup/worker.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <utility>

namespace provisiond::lookup {
namespace {

constexpr std::uint32_t maximum_sessions = 64;
constexpr std::uint32_t maximum_batch_size = 4096;
// Milliseconds: the shortest pause while a question waits, and the span of its random part.
constexpr std::uint32_t hurried_minimum = 250;

Status check(const Limits& limits) {
  if (limits.sessions < 1 || limits.sessions > maximum_sessions)
    return fail(Error{fmt::format("{} database sessions: not within 1 and {}", limits.sessions,
                                  maximum_sessions)});
  if (limits.batch_size < 1 || limits.batch_size > maximum_batch_size)
    return fail(Error{fmt::format("{} keys per query: not within 1 and {}", limits.batch_size,
                                  maximum_batch_size)});
  const bool has_times =
      std::min({limits.connect_timeout, limits.query_deadline, limits.reconnect_minimum,
                limits.reconnect_maximum}) > std::chrono::milliseconds::zero();
  if (!has_times) return fail(Error{"database timeouts and delays must be above zero"});
  return {};
}

} // namespace

Result<std::unique_ptr<Pool>> Pool::start(const Limits& limits, Networks& networks,
                                          const PoolWiring& wiring) {
  const Status checked = check(limits);
  if (!checked) return fail(checked.error().while_doing("start look-ups"));
  std::unique_ptr<Pool> pool{new Pool{wiring}};
  for (std::uint32_t number = 0; number < limits.sessions; ++number) {
    Result<std::unique_ptr<Worker>> worker =
        Worker::start({.number = number, .limits = limits, .networks = networks, .wiring = wiring});
    if (!worker) return fail(worker.error());
    pool->workers_.push_back(std::move(*worker));
  }
  return pool;
}

Pool::Pool(const PoolWiring& wiring) : wiring_{wiring} {}

void Pool::stop() {
  wiring_.requests.close();
  for (const std::unique_ptr<Worker>& worker : workers_)
    worker->stop();
}

Pool::~Pool() {
  stop();
  workers_.clear();
  answer_everything_that_waits();
}

void Pool::tick(TimePoint now) {
  for (const std::unique_ptr<Worker>& worker : workers_)
    worker->tick(now);
  const bool is_connected = state().connected_sessions > 0;
  if (!is_connected) answer_everything_that_waits();
  if (is_connected && !was_connected_) {
    for (const std::unique_ptr<Worker>& worker : workers_)
      worker->hurry(std::chrono::milliseconds::zero(), now);
  }
  was_connected_ = is_connected;
}

void Pool::hurry(TimePoint now) {
  const std::chrono::milliseconds longest{hurried_minimum + randombytes_uniform(hurried_minimum)};
  if (state().connected_sessions > 0) return;
  for (const std::unique_ptr<Worker>& worker : workers_)
    if (worker->hurry(longest, now)) return;
}

void Pool::return_to_primary() {
  for (const std::unique_ptr<Worker>& worker : workers_)
    worker->return_to_primary();
}

PoolState Pool::state() const {
  PoolState state;
  for (const std::unique_ptr<Worker>& worker : workers_) {
    Worker::View view = worker->view();
    state.connected_sessions += view.connected ? 1 : 0;
    if (!view.last_error.empty()) state.last_error = std::move(view.last_error);
    if (!view.schema_problem.empty()) state.schema_problem = std::move(view.schema_problem);
  }
  return state;
}

// Takes no more than there is room for: what does not fit waits for the next tick.
void Pool::answer_everything_that_waits() {
  const std::size_t answered = wiring_.answers.size();
  const std::size_t room =
      wiring_.answers.capacity() - std::min(answered, wiring_.answers.capacity());
  for (const LookupRequest& request : wiring_.requests.drain(room)) {
    const bool pushed = wiring_.answers.push({.interface = request.interface,
                                              .key = request.key,
                                              .purpose = request.purpose,
                                              .number = request.number,
                                              .verdict = Refusal::database_unavailable,
                                              .asked_at = request.asked_at});
    if (!pushed) wiring_.metrics.lookup_errors.add();
  }
}

} // namespace provisiond::lookup
