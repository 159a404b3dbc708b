#include "lookup/worker.hpp"

#include "lookup/peer_queries.hpp"
#include "lookup/schema_queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <variant>

namespace provisiond::lookup {
namespace {

std::vector<Verdict> unavailable(std::size_t count) {
  std::vector<Verdict> verdicts;
  verdicts.reserve(count);
  while (verdicts.size() < count)
    verdicts.emplace_back(Refusal::database_unavailable);
  return verdicts;
}

// A peer which passed its trial could not be enrolled, and would be taken off, again and again.
void take_nobody_on_trial(std::span<const LookupRequest> requests, std::span<Verdict> verdicts) {
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const PeerRecord* const record = std::get_if<PeerRecord>(&verdicts[i]);
    const bool is_new = requests[i].purpose != LookupPurpose::revalidate;
    if (is_new && record != nullptr && record->is_on_trial) verdicts[i] = Refusal::not_writable;
  }
}

} // namespace

Result<std::unique_ptr<Worker>> Worker::start(WorkerSetup setup) {
  std::unique_ptr<Worker> worker{new Worker{std::move(setup)}};
  const Status started = worker->thread_.start({.stretch = [&w = *worker] { return w.work(); }});
  if (!started) return fail(started.error());
  return worker;
}

Worker::Worker(WorkerSetup setup)
    : setup_{std::move(setup)}, route_{postgres::route_for_reading(
                                    setup_.limits.dsn,
                                    {.connect_timeout = setup_.limits.connect_timeout,
                                     .tcp_user_timeout = setup_.limits.query_deadline})},
      thread_{{.name = fmt::format("lookup-{}", setup_.number),
               .query_deadline = setup_.limits.query_deadline,
               .pause_minimum = setup_.limits.reconnect_minimum,
               .pause_maximum = setup_.limits.reconnect_maximum}} {}

void Worker::tick(TimePoint now) {
  thread_.tick(now);
  if (thread_.has_hung_up() || primary_is_back_) setup_.wiring.requests.interrupt();
}

bool Worker::hurry(std::chrono::milliseconds longest, TimePoint now) {
  return thread_.hurry(longest, now);
}

void Worker::return_to_primary() {
  if (!view().is_fallback) return;
  primary_is_back_ = true;
  setup_.wiring.requests.interrupt();
}

void Worker::stop() {
  thread_.stop();
}

Worker::View Worker::view() const {
  return view_.with([](const View& view) { return view; });
}

Worker::Next Worker::work() {
  const std::unique_ptr<Connection> connection = connect();
  return connection ? serve(*connection) : Next::pause;
}

// What fails here begins a pause.
std::unique_ptr<postgres::Connection> Worker::connect() {
  const auto disconnect = [this](const Error& error) {
    lost(PoolEvent::Kind::disconnected, error.message());
    return nullptr;
  };
  primary_is_back_ = false;
  Result<std::unique_ptr<Connection>> connection = thread_.connect(route_);
  if (!connection) return disconnect(connection.error());
  Result<Schema> schema = read_schema(**connection);
  if (!schema) return disconnect(schema.error());
  if (schema->problem) {
    lost(PoolEvent::Kind::schema_mismatch, *schema->problem);
    return nullptr;
  }
  identity_ = std::move(schema->identity);
  const Status prepared = prepare_look_up(**connection);
  if (!prepared) return disconnect(prepared.error());
  const Result<bool> asked = find_networks(**connection, setup_.networks);
  if (!asked) return disconnect(asked.error());
  connected(**connection);
  return std::move(*connection);
}

Worker::Next Worker::serve(Connection& connection) {
  Channel<LookupRequest>& channel = setup_.wiring.requests;
  while (true) {
    std::vector<LookupRequest> requests = channel.take(setup_.limits.batch_size);
    if (requests.empty() && channel.closed()) break;
    if (!requests.empty()) {
      if (!ask(connection, std::move(requests))) return Next::pause;
    } else if (thread_.has_hung_up()) {
      lost(PoolEvent::Kind::disconnected, "the server closed the connection");
      return Next::pause;
    }
    // What is asked meanwhile waits for the new connection, which takes milliseconds.
    if (primary_is_back_) return Next::again;
  }
  disconnected(View{});
  return Next::end;
}

// False when the connection was lost. Those that enrol are few, and go one by one.
bool Worker::ask(Connection& connection, std::vector<LookupRequest> requests) {
  const auto enrolling =
      std::stable_partition(requests.begin(), requests.end(), [](const LookupRequest& request) {
        return request.purpose != LookupPurpose::enrol;
      });
  std::vector<LookupRequest> to_enrol{std::make_move_iterator(enrolling),
                                      std::make_move_iterator(requests.end())};
  requests.erase(enrolling, requests.end());
  bool is_connected = requests.empty() || find(connection, std::move(requests));
  for (LookupRequest& request : to_enrol) {
    if (is_connected)
      is_connected = enrol(connection, std::move(request));
    else
      answer(request, Refusal::database_unavailable);
  }
  return is_connected;
}

// False when the connection was lost. A server that cannot write, such as a standby, loses none.
bool Worker::enrol(Connection& connection, LookupRequest request) {
  Result<Verdict> verdict =
      enrol_peer(connection, request, *setup_.networks.references(), setup_.limits.gateway.name);
  if (verdict) {
    answer(request, std::move(*verdict));
    return true;
  }
  setup_.wiring.metrics.lookup_errors.add();
  answer(request, Refusal::database_unavailable);
  if (verdict.error().code() == EPERM) {
    report({.kind = PoolEvent::Kind::enrolment_failed,
            .session = setup_.number,
            .text = verdict.error().message(),
            .retry_in = {}});
    return true;
  }
  lost(PoolEvent::Kind::disconnected, verdict.error().message());
  return false;
}

// Of a peer on a device it matters whether the database has never had it or has removed it: one is
// a reason to doubt the database. A tombstone that was taken away says no more.
Result<std::vector<Verdict>> Worker::tell_removed(Connection& connection,
                                                  std::span<const LookupRequest> requests,
                                                  std::vector<Verdict> verdicts) {
  const auto is_missing = [&](std::size_t i) {
    const Refusal* const refusal = std::get_if<Refusal>(&verdicts[i]);
    return refusal != nullptr && *refusal == Refusal::unknown_key &&
           requests[i].purpose == LookupPurpose::revalidate;
  };
  std::vector<PublicKey> missing;
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (is_missing(i)) missing.push_back(requests[i].key);
  if (missing.empty()) return verdicts;
  const Result<std::vector<PublicKey>> removed = removed_peers(connection, missing);
  if (!removed) return fail(removed.error());
  const std::set<PublicKey> keys{removed->begin(), removed->end()};
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (is_missing(i) && keys.contains(requests[i].key)) verdicts[i] = Refusal::revoked;
  return verdicts;
}

// The server may have been promoted since the connection began, or a pooler leads to another one.
void Worker::note_standing(const Connection& connection) {
  const bool is_fallback = connection.is_fallback();
  const bool was_fallback =
      view_.with([&](View& view) { return std::exchange(view.is_fallback, is_fallback); });
  if (is_fallback) was_fallback_ = true;
  if (!was_fallback || is_fallback) return;
  was_fallback_ = false;
  report_connected(connection, true);
}

// False when the connection was lost.
bool Worker::find(Connection& connection, std::vector<LookupRequest> requests) {
  metrics::Metrics& metrics = setup_.wiring.metrics;
  metrics.lookup_batches.add();
  metrics.lookup_keys.add(requests.size());
  Result<std::vector<Verdict>> verdicts =
      find_peers(connection, requests, *setup_.networks.references());
  if (verdicts) verdicts = tell_removed(connection, requests, std::move(*verdicts));
  if (verdicts) {
    thread_.note_success();
    metrics.database_answers.add();
    note_standing(connection);
    if (!connection.is_writable()) take_nobody_on_trial(requests, *verdicts);
    answer(std::move(requests), std::move(*verdicts));
    return true;
  }
  metrics.lookup_errors.add();
  lost(PoolEvent::Kind::disconnected, verdicts.error().message());
  std::vector<Verdict> none = unavailable(requests.size());
  answer(std::move(requests), std::move(none));
  return false;
}

void Worker::answer(std::vector<LookupRequest> requests, std::vector<Verdict> verdicts) {
  for (std::size_t i = 0; i < requests.size(); ++i)
    answer(requests[i], std::move(verdicts[i]));
}

void Worker::answer(const LookupRequest& request, Verdict verdict) {
  const bool pushed = setup_.wiring.answers.push({.interface = request.interface,
                                                  .key = request.key,
                                                  .purpose = request.purpose,
                                                  .number = request.number,
                                                  .verdict = std::move(verdict),
                                                  .asked_at = request.asked_at});
  if (!pushed) setup_.wiring.metrics.lookup_errors.add();
}

void Worker::connected(const Connection& connection) {
  const View now{.connected = true,
                 .is_fallback = connection.is_fallback(),
                 .last_error = {},
                 .schema_problem = {}};
  const bool was_connected =
      view_.with([&](View& view) { return std::exchange(view, now).connected; });
  if (!was_connected) setup_.wiring.metrics.database_sessions.add(1);
  setup_.wiring.metrics.database_answers.add();
  if (had_connection_) setup_.wiring.metrics.database_reconnects.add();
  had_connection_ = true;
  const bool was_fallback = std::exchange(was_fallback_, connection.is_fallback());
  report_connected(connection, was_fallback && !connection.is_fallback());
}

void Worker::report_connected(const Connection& connection, bool is_back) {
  report(
      {.kind = PoolEvent::Kind::connected,
       .session = setup_.number,
       .text = connection.is_fallback() ? connection.where() + ", a standby" : connection.where(),
       .retry_in = {},
       .is_back = is_back,
       .identity = identity_});
}

void Worker::disconnected(View now) {
  const bool was_connected =
      view_.with([&](View& view) { return std::exchange(view, std::move(now)).connected; });
  if (was_connected) setup_.wiring.metrics.database_sessions.add(-1);
}

void Worker::lost(PoolEvent::Kind kind, const std::string& reason) {
  const bool is_schema = kind == PoolEvent::Kind::schema_mismatch;
  disconnected({.connected = false,
                .is_fallback = false,
                .last_error = is_schema ? "" : reason,
                .schema_problem = is_schema ? reason : ""});
  const std::chrono::milliseconds delay = thread_.pause_after_failure();
  report({.kind = kind, .session = setup_.number, .text = reason, .retry_in = delay});
}

// A full channel loses the event: the state and the metrics still tell.
void Worker::report(PoolEvent event) {
  static_cast<void>(setup_.wiring.events.push(std::move(event)));
}

} // namespace provisiond::lookup
