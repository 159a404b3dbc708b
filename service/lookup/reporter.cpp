#include "lookup/reporter.hpp"

#include "lookup/session.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <set>
#include <system_error>
#include <utility>

namespace provisiond::lookup {
namespace {

constexpr std::size_t others_at_once = 16; // 64 a second
constexpr std::chrono::milliseconds between_looks{250};
constexpr std::chrono::milliseconds before_claims_again{1'000};
constexpr std::chrono::milliseconds before_others_again{30'000};
constexpr std::chrono::seconds between_signs_of_life{5};
// At first more often: whether another one has our name shows when both have told of themselves.
constexpr std::chrono::seconds between_first_signs{1};
constexpr std::chrono::seconds first_while{10};
constexpr std::chrono::seconds idle_session{60};
constexpr std::chrono::milliseconds last_attempt{1'500};

} // namespace

Result<std::unique_ptr<Reporter>> Reporter::start(const Limits& limits, Networks& networks,
                                                  const Wiring& wiring) {
  std::unique_ptr<Reporter> log{new Reporter{limits, networks, wiring}};
  try {
    log->thread_ = std::thread{[l = log.get()] { l->run(); }};
  } catch (const std::system_error& cause) {
    return fail(Error::system("start the reporter's thread", cause.code().value()));
  }
  return log;
}

Reporter::Reporter(const Limits& limits, Networks& networks, const Wiring& wiring)
    : limits_{limits}, route_{route_for_writing(limits.dsn,
                                                {.connect_timeout = limits.connect_timeout,
                                                 .tcp_user_timeout = limits.query_deadline})},
      networks_{networks}, wiring_{wiring}, watch_{limits.query_deadline} {}

Reporter::~Reporter() {
  wiring_.reports.close();
  take_over();
  pause_.close();
  if (!thread_.joinable()) return;
  pollfd done{.fd = done_.ready_fd(), .events = POLLIN, .revents = 0};
  ::poll(&done, 1, static_cast<int>(last_attempt.count()));
  watch_.cut();
  thread_.join();
}

void Reporter::tick(TimePoint now) {
  watch_.tick(now);
  pause_.tick(now);
  shared_.with([now](Shared& shared) { shared.now = now; });
  take_over();
}

// Out of the channel, which is small, and would be full while the thread waits for the database.
void Reporter::take_over() {
  std::vector<DatabaseReport> reports = wiring_.reports.drain(wiring_.reports.capacity());
  shared_.with([&](Shared& shared) {
    const std::size_t dropped = shared.pending.dropped_claims();
    for (DatabaseReport& report : reports)
      shared.pending.add(std::move(report));
    wiring_.metrics.session_claims_dropped.add(shared.pending.dropped_claims() - dropped);
    wiring_.metrics.session_claims_waiting.set(static_cast<std::int64_t>(shared.pending.claims()));
  });
}

void Reporter::run() {
  pthread_setname_np(pthread_self(), "reporter");
  bool is_open = true;
  while (is_open) {
    pause_.begin(between_looks);
    is_open = pause_.wait();
    if (is_open || !is_failing_) look();
  }
  say_ended();
  session_.reset();
  static_cast<void>(done_.push(Done{}));
}

void Reporter::look() {
  bool has_more = true;
  while (has_more) {
    Batch batch = take_what_is_due();
    if (batch.claims.empty() && batch.others.empty() && !batch.is_alive) {
      if (batch.now > worked_at_ + idle_session) session_.reset();
      return;
    }
    worked_at_ = batch.now;
    has_more = batch.claims.size() == claims_at_once_;
    const Status written = write(batch);
    if (!written) return pause_after(written.error(), batch.now);
    wiring_.metrics.database_answers.add();
    is_failing_ = false;
  }
}

Reporter::Batch Reporter::take_what_is_due() {
  return shared_.with([this](Shared& shared) {
    Batch batch;
    batch.now = shared.now;
    if (shared.now >= claims_due_) batch.claims = shared.pending.take_claims(claims_at_once_);
    if (shared.now >= others_due_) batch.others = shared.pending.take_others(others_at_once);
    batch.is_alive = !limits_.gateway.run.empty() && shared.now != TimePoint{} &&
                     shared.now >= std::max(alive_due_, others_due_);
    return batch;
  });
}

Status Reporter::write(Batch& batch) {
  Status done = open();
  if (done) done = say_alive(batch);
  if (done) done = write_claims(batch);
  if (!done) {
    give_up_hopeless(batch.claims, done.error());
    shared_.with([&](Shared& shared) {
      const std::size_t dropped = shared.pending.dropped_claims();
      shared.pending.put_back(std::move(batch.claims));
      wiring_.metrics.session_claims_dropped.add(shared.pending.dropped_claims() - dropped);
    });
    return done;
  }
  return write_others(batch.others);
}

Status Reporter::open() {
  if (session_ && !watch_.has_hung_up()) return {};
  session_.reset();
  Result<std::unique_ptr<Session>> session = Session::open(route_, watch_);
  if (!session) return fail(session.error());
  const Result<std::optional<std::string>> problem = (*session)->schema_problem();
  if (!problem) return fail(problem.error());
  if (*problem) return fail(Error{**problem});
  session_ = std::move(*session);
  return {};
}

// Before anything is claimed: the claims name the run.
Status Reporter::say_alive(const Batch& batch) {
  if (!batch.is_alive) return {};
  const Result<Presence> presence = session_->report(limits_.gateway, Stay::goes_on);
  if (!presence) return fail(presence.error());
  if (alive_due_ == TimePoint{}) first_sign_at_ = batch.now;
  const bool is_new = batch.now < first_sign_at_ + first_while;
  alive_due_ = batch.now + (is_new ? between_first_signs : between_signs_of_life);
  if (!presence->others.empty()) wiring_.metrics.gateway_name_conflicts.add();
  note(*presence);
  return {};
}

// So that whoever comes next under this name need not ask itself. A daemon that is killed says
// nothing, and the next one goes on all the same.
void Reporter::say_ended() {
  if (session_ && !limits_.gateway.run.empty() && !is_failing_)
    static_cast<void>(session_->report(limits_.gateway, Stay::ends));
}

// The log hears of what is different.
void Reporter::note(const Presence& presence) {
  const Presence before =
      presence_.with([&](Presence& known) { return std::exchange(known, presence); });
  if (before == presence) return;
  PoolEvent::Kind kind = PoolEvent::Kind::same_name;
  if (presence.is_refused) kind = PoolEvent::Kind::name_refused;
  if (presence.others.empty()) kind = PoolEvent::Kind::name_is_free;
  static_cast<void>(
      wiring_.events.push({.kind = kind,
                           .session = 0,
                           .text = fmt::format("{}", fmt::join(presence.others, ", ")),
                           .retry_in = {}}));
}

Status Reporter::write_claims(Batch& batch) {
  if (batch.claims.empty()) return {};
  const Result<std::vector<PublicKey>> busy =
      session_->claim(batch.claims, *networks_.references(), limits_.gateway);
  if (!busy) {
    claims_at_once_ = std::max<std::size_t>(1, batch.claims.size() / 2);
    return fail(busy.error());
  }
  claims_at_once_ = most_claims_at_once;
  if (!busy->empty()) postpone(batch, *busy);
  wiring_.metrics.session_claims_written.add(batch.claims.size());
  return {};
}

void Reporter::postpone(Batch& batch, const std::vector<PublicKey>& busy) {
  const std::set<PublicKey> keys{busy.begin(), busy.end()};
  const auto first =
      std::stable_partition(batch.claims.begin(), batch.claims.end(),
                            [&](const SessionClaim& claim) { return !keys.contains(claim.key); });
  std::vector<SessionClaim> waiting{std::make_move_iterator(first),
                                    std::make_move_iterator(batch.claims.end())};
  batch.claims.erase(first, batch.claims.end());
  claims_due_ = batch.now + before_claims_again;
  shared_.with([&](Shared& shared) {
    const std::size_t dropped = shared.pending.dropped_claims();
    shared.pending.postpone(std::move(waiting));
    wiring_.metrics.session_claims_dropped.add(shared.pending.dropped_claims() - dropped);
  });
}

// One claim that the server refuses for itself would hold up all others for ever.
void Reporter::give_up_hopeless(std::vector<SessionClaim>& claims, const Error& error) {
  const bool may_pass =
      error.code() == ENOTCONN || error.code() == ETIMEDOUT || error.code() == EAGAIN;
  if (claims.size() != 1 || !session_ || may_pass) return;
  claims.clear();
  wiring_.metrics.session_claims_dropped.add();
}

Status Reporter::write_others(const std::vector<DatabaseReport>& reports) {
  std::vector<RefusedKey> refused;
  for (const DatabaseReport& report : reports) {
    if (const RefusedKey* key = std::get_if<RefusedKey>(&report)) refused.push_back(*key);
  }
  if (!refused.empty()) {
    Status recorded = session_->record(refused, *networks_.references(), limits_.gateway.name);
    if (!recorded) return recorded;
  }
  const bool is_refused = presence().is_refused;
  for (const DatabaseReport& report : reports) {
    const InterfaceReport* const interface = std::get_if<InterfaceReport>(&report);
    if (interface == nullptr || is_refused) continue;
    Status told = session_->record(*interface, *networks_.references(), limits_.gateway.name,
                                   limits_.gateway.version);
    if (!told) return told;
  }
  wiring_.metrics.reports_written.add(reports.size());
  return {};
}

// Claims are tried again soon; the log hears of it when the rest is put off, not each second.
void Reporter::pause_after(const Error& error, TimePoint now) {
  session_.reset();
  claims_due_ = now + before_claims_again;
  if (is_failing_ && now < others_due_) return;
  is_failing_ = true;
  others_due_ = now + before_others_again;
  const bool has_claims =
      shared_.with([](const Shared& shared) { return shared.pending.claims() > 0; });
  static_cast<void>(
      wiring_.events.push({.kind = PoolEvent::Kind::not_reported,
                           .session = 0,
                           .text = error.message(),
                           .retry_in = has_claims ? before_claims_again : before_others_again}));
}

} // namespace provisiond::lookup
