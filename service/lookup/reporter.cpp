#include "lookup/reporter.hpp"

#include "lookup/report_queries.hpp"
#include "lookup/schema_queries.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <optional>
#include <set>
#include <utility>
#include <variant>

namespace provisiond::lookup {
namespace {

constexpr std::size_t others_at_once = 16; // 64 a second
constexpr std::chrono::milliseconds between_looks{250};
constexpr std::chrono::milliseconds before_ownerships_again{1'000};
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
  using Next = postgres::DatabaseThread::Next;
  std::unique_ptr<Reporter> reporter{new Reporter{limits, networks, wiring}};
  Reporter& self = *reporter;
  const auto look = [&self] {
    self.thread_.pause_for(between_looks);
    self.look();
    return Next::pause;
  };
  const auto look_last = [&self] {
    if (!self.is_failing_) self.look();
    self.say_ended();
    self.connection_.reset();
  };
  const Status started = self.thread_.start({.stretch = look, .end = look_last});
  if (!started) return fail(started.error());
  return reporter;
}

Reporter::Reporter(const Limits& limits, Networks& networks, const Wiring& wiring)
    : limits_{limits}, route_{postgres::route_for_writing(
                           limits.dsn, {.connect_timeout = limits.connect_timeout,
                                        .tcp_user_timeout = limits.query_deadline})},
      networks_{networks}, wiring_{wiring}, thread_{{.name = "reporter",
                                                     .query_deadline = limits.query_deadline,
                                                     .pause_minimum = between_looks,
                                                     .pause_maximum = between_looks}} {}

Reporter::~Reporter() {
  stop();
  static_cast<void>(thread_.ends_within(last_attempt));
}

void Reporter::tick(TimePoint now) {
  now_.with([now](TimePoint& current) { current = now; });
  thread_.tick(now);
}

void Reporter::stop() {
  wiring_.reports.close();
  thread_.finish();
}

void Reporter::look() {
  bool has_more = true;
  while (has_more) {
    Batch batch = take_what_is_due();
    if (batch.ownerships.empty() && batch.others.empty() && !batch.is_alive) {
      if (batch.now > worked_at_ + idle_session) connection_.reset();
      return;
    }
    worked_at_ = batch.now;
    has_more = batch.ownerships.size() == ownerships_at_once_;
    const Status written = write(batch);
    if (!written) return pause_after(written.error(), batch.now);
    wiring_.metrics.database_answers.add();
    is_failing_ = false;
  }
}

Reporter::Batch Reporter::take_what_is_due() {
  Batch batch;
  batch.now = now_.with([](TimePoint now) { return now; });
  if (batch.now >= ownerships_due_)
    batch.ownerships = wiring_.reports.take_ownerships(ownerships_at_once_);
  if (batch.now >= others_due_) batch.others = wiring_.reports.take_others(others_at_once);
  batch.is_alive = !limits_.gateway.run.empty() && batch.now != TimePoint{} &&
                   batch.now >= std::max(alive_due_, others_due_);
  return batch;
}

Status Reporter::write(Batch& batch) {
  Status done = open();
  if (done) done = say_alive(batch);
  if (done) done = write_ownerships(batch);
  if (!done) {
    give_up_hopeless(batch.ownerships, done.error());
    wiring_.reports.put_back(std::move(batch.ownerships));
    return done;
  }
  return write_others(batch.others);
}

Status Reporter::open() {
  failure_ = PoolEvent::Kind::not_reported;
  if (connection_ && !thread_.has_hung_up()) return {};
  connection_.reset();
  failure_ = PoolEvent::Kind::disconnected;
  Result<std::unique_ptr<postgres::Connection>> connection = thread_.connect(route_);
  if (!connection) return fail(connection.error());
  const Result<Schema> schema = read_schema(**connection);
  if (!schema) return fail(schema.error());
  failure_ = PoolEvent::Kind::schema_mismatch;
  if (schema->problem) return fail(Error{*schema->problem});
  failure_ = PoolEvent::Kind::not_reported;
  connection_ = std::move(*connection);
  return {};
}

// Before any ownership is written: these name the run.
Status Reporter::say_alive(const Batch& batch) {
  if (!batch.is_alive) return {};
  const Result<Presence> presence = report(*connection_, limits_.gateway, Stay::goes_on);
  if (!presence) return fail(presence.error());
  if (alive_due_ == TimePoint{}) first_sign_at_ = batch.now;
  const bool is_new = batch.now < first_sign_at_ + first_while;
  alive_due_ = batch.now + (is_new ? between_first_signs : between_signs_of_life);
  if (!presence->others.empty()) wiring_.metrics.gateway_name_conflicts.add();
  note(*presence);
  return {};
}

// So that the next run under this name need not ask itself. A daemon that is killed says nothing,
// and the next one goes on all the same.
void Reporter::say_ended() {
  if (connection_ && !limits_.gateway.run.empty() && !is_failing_)
    static_cast<void>(report(*connection_, limits_.gateway, Stay::ends));
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
                           .session = std::nullopt,
                           .text = fmt::format("{}", fmt::join(presence.others, ", ")),
                           .retry_in = {}}));
}

Status Reporter::write_ownerships(Batch& batch) {
  if (batch.ownerships.empty()) return {};
  const Result<std::vector<PublicKey>> busy =
      own_sessions(*connection_, batch.ownerships, *networks_.references(), limits_.gateway);
  if (!busy) {
    ownerships_at_once_ = std::max<std::size_t>(1, batch.ownerships.size() / 2);
    return fail(busy.error());
  }
  ownerships_at_once_ = most_ownerships_at_once;
  if (!busy->empty()) postpone(batch, *busy);
  wiring_.metrics.session_ownerships_written.add(batch.ownerships.size());
  return {};
}

void Reporter::postpone(Batch& batch, const std::vector<PublicKey>& busy) {
  const std::set<PublicKey> keys{busy.begin(), busy.end()};
  const auto first = std::stable_partition(
      batch.ownerships.begin(), batch.ownerships.end(),
      [&](const SessionOwnership& ownership) { return !keys.contains(ownership.key); });
  std::vector<SessionOwnership> waiting{std::make_move_iterator(first),
                                        std::make_move_iterator(batch.ownerships.end())};
  batch.ownerships.erase(first, batch.ownerships.end());
  ownerships_due_ = batch.now + before_ownerships_again;
  wiring_.reports.postpone(std::move(waiting));
}

// One ownership that the server refuses for itself would hold up all others for ever.
void Reporter::give_up_hopeless(std::vector<SessionOwnership>& ownerships, const Error& error) {
  const bool may_pass =
      error.code() == ENOTCONN || error.code() == ETIMEDOUT || error.code() == EAGAIN;
  if (ownerships.size() != 1 || !connection_ || may_pass) return;
  ownerships.clear();
  wiring_.reports.drop_one();
}

Status Reporter::write_others(const std::vector<DatabaseReport>& reports) {
  std::vector<RefusedKey> refused;
  for (const DatabaseReport& report : reports) {
    if (const RefusedKey* key = std::get_if<RefusedKey>(&report)) refused.push_back(*key);
  }
  if (!refused.empty()) {
    Status recorded = record(*connection_, refused, *networks_.references(), limits_.gateway.name);
    if (!recorded) return recorded;
  }
  const bool is_refused = presence().is_refused;
  for (const DatabaseReport& report : reports) {
    const InterfaceReport* const interface = std::get_if<InterfaceReport>(&report);
    if (interface == nullptr || is_refused) continue;
    Status told = write_interface(*interface);
    if (!told) return told;
  }
  wiring_.metrics.reports_written.add(reports.size());
  return {};
}

// In slices, each a statement of its own within the deadline, of which a failure halves the next
// ones: what was told stays, and the report of the next minute comes further.
Status Reporter::write_interface(const InterfaceReport& report) {
  std::size_t told = 0;
  do {
    const std::size_t count = std::min(actives_at_once_, report.active.size() - told);
    InterfaceReport slice{.interface = report.interface,
                          .name = report.name,
                          .key = report.key,
                          .position = report.position,
                          .peers = report.peers,
                          .active = {}};
    const auto first = report.active.begin() + static_cast<std::ptrdiff_t>(told);
    slice.active.assign(first, first + static_cast<std::ptrdiff_t>(count));
    Status done = record(*connection_, slice, *networks_.references(), limits_.gateway);
    if (!done) {
      actives_at_once_ = std::max<std::size_t>(1, count / 2);
      return done;
    }
    told += count;
  } while (told < report.active.size());
  actives_at_once_ = std::min(most_actives_at_once, 2 * actives_at_once_);
  return {};
}

// Ownerships are tried again soon; the log hears of it when the rest is put off, not each second.
void Reporter::pause_after(const Error& error, TimePoint now) {
  connection_.reset();
  ownerships_due_ = now + before_ownerships_again;
  if (is_failing_ && now < others_due_) return;
  is_failing_ = true;
  others_due_ = now + before_others_again;
  const bool has_ownerships = wiring_.reports.has_ownerships();
  static_cast<void>(wiring_.events.push(
      {.kind = failure_,
       .session = std::nullopt,
       .text = error.message(),
       .retry_in = has_ownerships ? before_ownerships_again : before_others_again}));
}

} // namespace provisiond::lookup
