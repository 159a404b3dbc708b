// Longer than other files by what a session does between two batches, which is one loop.
#include "lookup/worker.hpp"

#include <fmt/format.h>
#include <pthread.h>
#include <sodium.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>
#include <span>
#include <system_error>
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

// Who passed a trial could not be enrolled, and would be taken off, again and again.
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
  try {
    worker->thread_ = std::thread{[w = worker.get()] { w->run(); }};
  } catch (const std::system_error& cause) {
    return fail(Error::system("start a look-up thread", cause.code().value()));
  }
  return worker;
}

Worker::Worker(WorkerSetup setup)
    : setup_{std::move(setup)}, route_{route_for_reading(
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
  if (watch_.has_hung_up() || primary_is_back_) setup_.wiring.requests.interrupt();
}

bool Worker::hurry(std::chrono::milliseconds longest, TimePoint now) {
  return pause_.hurry(longest, now);
}

void Worker::return_to_primary() {
  if (!view().stands_in) return;
  primary_is_back_ = true;
  setup_.wiring.requests.interrupt();
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
  Ending ending = Ending::lost;
  do {
    const std::unique_ptr<Session> session = connect();
    ending = session ? serve(*session) : Ending::lost;
    // What is asked meanwhile waits for the new session, which takes milliseconds.
  } while (ending == Ending::primary_is_back || (ending == Ending::lost && pause_.wait()));
}

std::unique_ptr<Session> Worker::connect() {
  primary_is_back_ = false;
  Result<std::unique_ptr<Session>> session = Session::open(route_, watch_);
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
  const Result<bool> asked = (*session)->find_networks(setup_.networks);
  if (!asked) {
    lost(PoolEvent::Kind::disconnected, asked.error().message());
    return nullptr;
  }
  connected(**session);
  return std::move(*session);
}

Worker::Ending Worker::serve(Session& session) {
  Channel<LookupRequest>& channel = setup_.wiring.requests;
  while (true) {
    std::vector<LookupRequest> requests = channel.take(setup_.limits.batch_size);
    if (requests.empty() && channel.closed()) break;
    if (!requests.empty()) {
      if (!ask(session, std::move(requests))) return Ending::lost;
    } else if (watch_.has_hung_up()) {
      lost(PoolEvent::Kind::disconnected, "the server closed the connection");
      return Ending::lost;
    }
    if (primary_is_back_) return Ending::primary_is_back;
  }
  disconnected(View{});
  return Ending::closed;
}

// False when the session was lost. Those that enrol are few, and go one by one.
bool Worker::ask(Session& session, std::vector<LookupRequest> requests) {
  const auto enrolling =
      std::stable_partition(requests.begin(), requests.end(), [](const LookupRequest& request) {
        return request.purpose != LookupPurpose::enrol;
      });
  std::vector<LookupRequest> to_enrol{std::make_move_iterator(enrolling),
                                      std::make_move_iterator(requests.end())};
  requests.erase(enrolling, requests.end());
  bool has_session = requests.empty() || find(session, std::move(requests));
  for (LookupRequest& request : to_enrol) {
    if (has_session)
      has_session = enrol(session, std::move(request));
    else
      answer(request, Refusal::database_unavailable);
  }
  return has_session;
}

// False when the session was lost. A server that cannot write, such as a standby, loses none.
bool Worker::enrol(Session& session, LookupRequest request) {
  Result<Verdict> verdict =
      session.enrol(request, *setup_.networks.references(), setup_.limits.gateway.name);
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
Result<std::vector<Verdict>> Worker::tell_removed(Session& session,
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
  const Result<std::vector<PublicKey>> removed = session.removed_peers(missing);
  if (!removed) return fail(removed.error());
  const std::set<PublicKey> keys{removed->begin(), removed->end()};
  for (std::size_t i = 0; i < requests.size(); ++i)
    if (is_missing(i) && keys.contains(requests[i].key)) verdicts[i] = Refusal::revoked;
  return verdicts;
}

// The server may have been promoted since the session began, or a pooler leads to another one.
void Worker::note_standing(const Session& session) {
  const bool stands_in = session.is_stand_in();
  const bool stood_in =
      view_.with([&](View& view) { return std::exchange(view.stands_in, stands_in); });
  if (stands_in) has_stood_in_ = true;
  if (!stood_in || stands_in) return;
  has_stood_in_ = false;
  report({.kind = PoolEvent::Kind::connected,
          .session = setup_.number,
          .text = session.where(),
          .retry_in = {},
          .is_back = true,
          .identity = session.identity()});
}

// False when the session was lost.
bool Worker::find(Session& session, std::vector<LookupRequest> requests) {
  metrics::Metrics& metrics = setup_.wiring.metrics;
  metrics.lookup_batches.add();
  metrics.lookup_keys.add(requests.size());
  Result<std::vector<Verdict>> verdicts = session.find(requests, *setup_.networks.references());
  if (verdicts) verdicts = tell_removed(session, requests, std::move(*verdicts));
  if (verdicts) {
    backoff_.reset();
    metrics.database_answers.add();
    note_standing(session);
    if (!session.is_writable()) take_nobody_on_trial(requests, *verdicts);
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

void Worker::connected(const Session& session) {
  const View now{.connected = true,
                 .stands_in = session.is_stand_in(),
                 .last_error = {},
                 .schema_problem = {}};
  const bool was_connected =
      view_.with([&](View& view) { return std::exchange(view, now).connected; });
  if (!was_connected) setup_.wiring.metrics.database_up.add(1);
  setup_.wiring.metrics.database_answers.add();
  if (had_session_) setup_.wiring.metrics.database_reconnects.add();
  had_session_ = true;
  const bool has_stood_in = std::exchange(has_stood_in_, session.is_stand_in());
  report({.kind = PoolEvent::Kind::connected,
          .session = setup_.number,
          .text = session.is_stand_in() ? session.where() + ", a standby" : session.where(),
          .retry_in = {},
          .is_back = has_stood_in && !session.is_stand_in(),
          .identity = session.identity()});
}

void Worker::disconnected(View now) {
  const bool was_connected =
      view_.with([&](View& view) { return std::exchange(view, std::move(now)).connected; });
  if (was_connected) setup_.wiring.metrics.database_up.add(-1);
}

void Worker::lost(PoolEvent::Kind kind, const std::string& reason) {
  const bool is_schema = kind == PoolEvent::Kind::schema_mismatch;
  disconnected({.connected = false,
                .stands_in = false,
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
