#include "lookup/worker.hpp"

#include "lookup/dsn.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sodium.h>

#include <system_error>
#include <utility>

namespace provisiond::lookup {
namespace {

std::vector<Verdict> unavailable(std::size_t count) {
  std::vector<Verdict> verdicts;
  verdicts.reserve(count);
  while (verdicts.size() < count)
    verdicts.emplace_back(Refusal::database_unavailable);
  return verdicts;
}

} // namespace

Result<std::unique_ptr<Worker>> Worker::start(WorkerSetup setup) {
  std::unique_ptr<Worker> worker{new Worker{std::move(setup)}};
  try {
    worker->thread_ = std::thread{[w = worker.get()] { w->run(); }};
  } catch (const std::system_error& cause) {
    return fail(Error::system("start a look-up thread", cause.code().value()));
  }
  return worker;
}

Worker::Worker(WorkerSetup setup)
    : setup_{std::move(setup)}, dsn_{with_defaults(
                                    setup_.limits.dsn,
                                    {.connect_timeout = setup_.limits.connect_timeout,
                                     .tcp_user_timeout = setup_.limits.query_deadline})},
      backoff_{setup_.limits.reconnect_minimum, setup_.limits.reconnect_maximum,
               randombytes_random()},
      watch_{setup_.limits.query_deadline} {}

Worker::~Worker() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void Worker::tick(TimePoint now) {
  watch_.tick(now);
  pause_.tick(now);
  if (watch_.has_hung_up()) setup_.wiring.requests.interrupt();
}

void Worker::stop() {
  pause_.close();
  watch_.cut();
}

Worker::View Worker::view() const {
  return view_.with([](const View& view) { return view; });
}

void Worker::run() {
  pthread_setname_np(pthread_self(), fmt::format("lookup-{}", setup_.number).c_str());
  bool is_open = true;
  do {
    const std::unique_ptr<Session> session = connect();
    if (session) is_open = serve(*session);
  } while (is_open && pause_.wait());
}

std::unique_ptr<Session> Worker::connect() {
  Result<std::unique_ptr<Session>> session = Session::open(dsn_, watch_);
  if (!session) {
    lost(PoolEvent::Kind::disconnected, session.error().message());
    return nullptr;
  }
  const Result<std::optional<std::string>> problem = (*session)->schema_problem();
  if (!problem) {
    lost(PoolEvent::Kind::disconnected, problem.error().message());
    return nullptr;
  }
  if (*problem) {
    lost(PoolEvent::Kind::schema_mismatch, **problem);
    return nullptr;
  }
  const Status prepared = (*session)->prepare();
  if (!prepared) {
    lost(PoolEvent::Kind::disconnected, prepared.error().message());
    return nullptr;
  }
  connected(**session);
  return std::move(*session);
}

// True when the session was lost, false when there is nothing more to serve.
bool Worker::serve(Session& session) {
  Channel<LookupRequest>& channel = setup_.wiring.requests;
  while (true) {
    std::vector<LookupRequest> requests = channel.take(setup_.limits.batch_size);
    if (requests.empty() && channel.closed()) break;
    if (!requests.empty()) {
      if (!ask(session, std::move(requests))) return true;
    } else if (watch_.has_hung_up()) {
      lost(PoolEvent::Kind::disconnected, "the server closed the connection");
      return true;
    }
  }
  disconnected(View{});
  return false;
}

// False when the session was lost.
bool Worker::ask(Session& session, std::vector<LookupRequest> requests) {
  metrics::Metrics& metrics = setup_.wiring.metrics;
  metrics.lookup_batches.add();
  metrics.lookup_keys.add(requests.size());
  Result<std::vector<Verdict>> verdicts = session.find(requests, setup_.networks);
  if (verdicts) {
    backoff_.reset();
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
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const bool pushed = setup_.wiring.answers.push({.interface = requests[i].interface,
                                                    .key = requests[i].key,
                                                    .ticket = requests[i].ticket,
                                                    .verdict = std::move(verdicts[i]),
                                                    .asked_at = requests[i].asked_at});
    if (!pushed) setup_.wiring.metrics.lookup_errors.add();
  }
}

void Worker::connected(const Session& session) {
  view_.with(
      [](View& view) { view = View{.connected = true, .last_error = {}, .schema_problem = {}}; });
  setup_.wiring.metrics.database_up.add(1);
  if (had_session_) setup_.wiring.metrics.database_reconnects.add();
  had_session_ = true;
  report({.kind = PoolEvent::Kind::connected,
          .session = setup_.number,
          .text = session.where(),
          .retry_in = {}});
}

void Worker::disconnected(View now) {
  const bool was_connected =
      view_.with([&](View& view) { return std::exchange(view, std::move(now)).connected; });
  if (was_connected) setup_.wiring.metrics.database_up.add(-1);
}

void Worker::lost(PoolEvent::Kind kind, const std::string& reason) {
  const bool is_schema = kind == PoolEvent::Kind::schema_mismatch;
  disconnected({.connected = false,
                .last_error = is_schema ? "" : reason,
                .schema_problem = is_schema ? reason : ""});
  const std::chrono::milliseconds delay = backoff_.next();
  pause_.begin(delay);
  report({.kind = kind, .session = setup_.number, .text = reason, .retry_in = delay});
}

// A full channel loses the event: the state and the metrics still tell.
void Worker::report(PoolEvent event) {
  static_cast<void>(setup_.wiring.events.push(std::move(event)));
}

} // namespace provisiond::lookup
