#include "daemon/turns.hpp"

#include "base/log.hpp"
#include "daemon/lifecycle.hpp"
#include "daemon/parts.hpp"
#include "daemon/remarks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

// The turns of the loop: what is done when something has arrived, and what is done by the clock.

namespace provisiond::daemon {

using namespace std::chrono_literals;

namespace {

constexpr Duration work_tick = 2ms;   // while a large pass or many departures are worked off
constexpr Duration busy_tick = 20ms;  // while peers wait for their first handshake
constexpr Duration idle_tick = 100ms; // what the look-up pool wants for its deadlines
constexpr Duration routes_tick = 1ms; // while routes are not in step yet
constexpr Duration source_check_interval = 1s;
constexpr Duration summary_interval = 10s;
constexpr std::size_t most_per_turn = 1024; // answers, results, changes: of each kind
constexpr std::size_t between_looks = 32;
constexpr Duration longest_take = 1ms;

// Takes what waits, until its time is over. What stays has the next turn: the channel stays ready.
template <class T, class Function>
void take_some(Channel<T>& channel, Function take) {
  const TimePoint end = Clock::now() + longest_take;
  for (std::size_t taken = 0; taken < most_per_turn; taken += between_looks) {
    std::vector<T> values = channel.drain(between_looks);
    for (T& value : values)
      take(value);
    if (values.size() < between_looks || Clock::now() >= end) return;
  }
}

} // namespace

Duration pause_before_tick(const Backlog& backlog) {
  if (backlog.is_large) return work_tick;
  return backlog.awaits_session ? busy_tick : idle_tick;
}

Duration pause_before_look(Duration interval, Duration watchdog) {
  return watchdog == Duration::zero() ? interval : std::min(interval, watchdog);
}

void Daemon::run() {
  remark_on(parts_->gateway, parts_->settings.gateway);
  attach();
  look();
  check_sources();
  tick();
  keep_routes();
  summarise();
  parts_->loop.run();
  parts_->notifier.stopping();
  log::info("stopped; peers stay on their devices");
}

void Daemon::attach() {
  EventLoop& loop = parts_->loop;
  loop.on_readable(parts_->opened.sources->fd(), [this] { take_sightings(); });
  loop.on_readable(parts_->authenticated.ready_fd(), [this] { take_authenticated(); });
  loop.on_readable(parts_->answers.ready_fd(), [this] { take_answers(); });
  loop.on_readable(parts_->pool_events.ready_fd(), [this] { take_pool_events(); });
  loop.on_readable(parts_->changes.ready_fd(), [this] { take_changes(); });
  loop.on_readable(parts_->feed_events.ready_fd(), [this] { take_feed_events(); });
  loop.on_readable(parts_->acknowledgements.ready_fd(), [this] { take_acknowledgements(); });
  loop.on_readable(parts_->readings.ready_fd(), [this] { take_readings(); });
  loop.on_readable(parts_->questions.ready_fd(), [this] { take_control_questions(); });
  loop.on_readable(parts_->opened.links.fd(), [this] { take_link_events(); });
  loop.on_termination([this] { parts_->loop.stop(); });
  // Attaching to a kernel for the first time takes a good part of a second, and delays no peer: the
  // turns after the one that made it ready count.
  loop.on_turn([this](Duration took) {
    if (std::exchange(parts_->counts_turns, parts_->is_ready)) parts_->turn_times.ended(took);
  });
  loop.on_hangup([] { log::warning("nothing is reloaded, settings are read at the start"); });
}

void Daemon::take_sightings() {
  const Instant now = Instant::now();
  parts_->sightings.clear();
  parts_->opened.sources->read(now, parts_->sightings);
  for (const Sighting& sighting : parts_->sightings)
    parts_->flow.first_contact().knock(sighting, now);
  parts_->flow.commit(now);
  tell_of_sources();
}

void Daemon::tell_of_sources() {
  for (const events::SourceRemark& remark : parts_->opened.sources->take_remarks()) {
    const bool is_loss = remark.kind == events::SourceRemark::Kind::overran;
    if (is_loss && !parts_->loss_lines.take(static_cast<std::size_t>(remark.source))) continue;
    remark_on(remark, remark.interface ? parts_->interfaces[remark.interface->value].name : "");
  }
}

void Daemon::take_authenticated() {
  const Instant now = Instant::now();
  take_some(parts_->authenticated, [&](const flow::Authenticated& result) {
    parts_->flow.first_contact().proven(result, now);
  });
}

// Which database it was that answered is known before its answers are taken.
void Daemon::take_answers() {
  if (parts_->pool_events.size() > 0) take_pool_events();
  const Instant now = Instant::now();
  take_some(parts_->answers, [&](LookupAnswer& answer) {
    parts_->metrics.lookup_duration.observe(now.steady - answer.asked_at);
    parts_->flow.answered(std::move(answer), now);
  });
  parts_->flow.life().revalidate(now);
  parts_->flow.commit(now);
  parts_->routing.step(now.steady); // before the first handshake of a new peer is over
}

void Daemon::take_pool_events() {
  for (const lookup::PoolEvent& event : parts_->pool_events.drain(64)) {
    remark_on(event, parts_->database_problems);
    if (event.kind == lookup::PoolEvent::Kind::schema_mismatch && event.session)
      parts_->metrics.schema_mismatch.set(1);
    if (event.kind == lookup::PoolEvent::Kind::connected) {
      parts_->metrics.schema_mismatch.set(0);
      parts_->database_watch->found(event.identity);
      parts_->database_watch->connected(Instant::now());
    }
    if (event.is_back) ask_again();
  }
  announce();
}

// What a standby said of the peers on our devices may have been old.
void Daemon::ask_again() {
  for (const flow::Interface& interface : parts_->interfaces)
    parts_->flow.life().changed({.interface = interface.id, .key = std::nullopt}, Instant::now());
}

void Daemon::take_changes() {
  const Instant now = Instant::now();
  take_some(parts_->changes,
            [&](const Change& change) { parts_->flow.life().changed(change, now); });
  parts_->flow.life().revalidate(now);
}

void Daemon::take_feed_events() {
  for (const lookup::FeedEvent& event : parts_->feed_events.drain(64)) {
    remark_on(event, parts_->database_problems);
    parts_->database_watch->found(event.identity);
  }
  parts_->database_watch->seek_primary();
}

void Daemon::take_acknowledgements() {
  const Instant now = Instant::now();
  parts_->flow.commit(now);
  parts_->routing.step(now.steady);
}

void Daemon::take_readings() {
  const Instant now = Instant::now();
  for (watch::Reading& reading : parts_->readings.drain(1))
    parts_->device_watch.take(std::move(reading), now);
  parts_->flow.life().revalidate(now);
  parts_->flow.commit(now);
  announce_interfaces();
}

// When an interface is served from now on, or not any more.
void Daemon::announce_interfaces() {
  const std::size_t served = parts_->device_watch.served();
  if (std::exchange(parts_->served_interfaces, served) == served) return;
  tell_of_sources();
  announce();
}

void Daemon::take_link_events() {
  const std::vector<kernel::LinkEvent> events = parts_->opened.links.read();
  const bool concerns_us =
      std::any_of(events.begin(), events.end(), [this](const kernel::LinkEvent& event) {
        return parts_->device_watch.is_concerned(event);
      });
  if (!concerns_us) return;
  parts_->device_watch.look(Instant::now(), Interfaces::Urgency::urgent);
  parts_->routing.hurry();
  tell_of_sources();
}

void Daemon::take_control_questions() {
  const lookup::Presence presence = parts_->reporter->presence();
  const lookup::PoolState pool = parts_->pool->state();
  const control::DatabaseOverview database{
      .sessions = pool.connected_sessions,
      .gateway = parts_->gateway.name,
      .same_name = presence.others,
      .is_refused = presence.is_refused,
      .networks = parts_->network_watch.overview(),
      .identity = parts_->database_watch->identity(),
      .is_another = parts_->database_watch->is_another(),
      .missing_rows = static_cast<std::size_t>(parts_->metrics.missing_rows.value()),
      .problem = pool.schema_problem.empty() ? pool.last_error : pool.schema_problem};
  if (parts_->control_desk.answer_one(database, Clock::now())) announce();
  // What was kept because another database did not know it.
  if (database.is_another && !parts_->database_watch->is_another()) ask_again();
}

void Daemon::tick() {
  const Instant now = Instant::now();
  parts_->device_watch.pass(now);
  parts_->flow.first_contact().attack_mode().pass(now.steady);
  parts_->flow.give_up_questions(now);
  parts_->flow.life().work_off_passes(now);
  parts_->flow.life().revalidate(now);
  parts_->flow.commit(now);
  announce_interfaces();
  parts_->pool->tick(now.steady);
  parts_->change_feed->tick(now.steady);
  parts_->reporter->tick(now.steady);
  parts_->database_watch->pass(now);
  parts_->loop.after(pause_before_tick(backlog()), [this] { tick(); });
}

Backlog Daemon::backlog() const {
  const flow::Life& life = parts_->flow.life();
  return {.is_large = life.has_work(), .awaits_session = life.greeted() > 0};
}

// Many routes take many steps; packets and answers come in between.
void Daemon::keep_routes() {
  if (!parts_->routing.is_on()) return;
  parts_->routing.step(Clock::now());
  parts_->loop.after(parts_->routing.has_work() ? routes_tick : idle_tick,
                     [this] { keep_routes(); });
}

void Daemon::look() {
  parts_->device_watch.look(Instant::now());
  tell_of_sources();
  sample_gauges();
  announce();
  parts_->notifier.alive();
  parts_->loop.after(
      pause_before_look(parts_->settings.watch.identity_interval, watchdog_interval()),
      [this] { look(); });
}

// By a clock of its own: making a source takes long, and look() would pause nine times as long.
void Daemon::check_sources() {
  parts_->opened.sources->check(Clock::now()); // moves sighting_drops
  parts_->cross_check.expire(Clock::now());
  tell_of_sources();
  decltype(parts_->loss_lines)::Counts left_out{}; // the metrics have them
  static_cast<void>(parts_->loss_lines.next_minute(Clock::now(), left_out));
  parts_->loop.after(source_check_interval, [this] { check_sources(); });
}

void Daemon::summarise() {
  parts_->flow.report().summarise(Clock::now());
  parts_->database_watch->seek_primary();
  parts_->loop.after(summary_interval, [this] { summarise(); });
}

// READY once: when at least one interface is served and one database session is connected.
void Daemon::announce() {
  parts_->network_watch.tell();
  const lookup::PoolState database = parts_->pool->state();
  const std::size_t served = parts_->device_watch.served();
  parts_->notifier.status(fmt::format(
      "{} of {} interfaces, {} database sessions, {} peers{}", served, parts_->interfaces.size(),
      database.connected_sessions, parts_->metrics.peers.value(),
      parts_->flow.first_contact().is_draining() ? ", draining" : ""));
  if (parts_->is_ready || served == 0 || database.connected_sessions == 0) return;
  parts_->is_ready = true;
  parts_->notifier.ready();
  log::info("ready", {{"interfaces", std::to_string(served)}});
}

void Daemon::sample_gauges() {
  metrics::Metrics& metrics = parts_->metrics;
  metrics.authenticate_queue_length.set(static_cast<std::int64_t>(parts_->handshakes.size()));
  metrics.lookup_queue_length.set(static_cast<std::int64_t>(parts_->lookups.size()));
  metrics.log_lines_lost.add(log::lines_lost() - metrics.log_lines_lost.value());
  const lookup::KnownKeys::Overview known = parts_->known_keys.overview();
  metrics.known_keys.set(static_cast<std::int64_t>(known.keys));
  metrics.known_keys_bytes.set(static_cast<std::int64_t>(known.bytes));
  metrics.known_keys_interfaces.set(static_cast<std::int64_t>(known.interfaces));
  const auto sample = [&](metrics::Table table, std::size_t entries, std::uint64_t displaced) {
    metrics.table_entries[table].set(static_cast<std::int64_t>(entries));
    metrics.table_evictions[table].add(displaced - metrics.table_evictions[table].value());
  };
  sample(metrics::Table::source_gate, parts_->source_gate.size() + parts_->proven_gate.size(),
         parts_->source_gate.displaced() + parts_->proven_gate.displaced());
  sample(metrics::Table::key_gate, parts_->key_gate.size(), parts_->key_gate.displaced());
  sample(metrics::Table::claim_gate, parts_->claim_gate.size(), parts_->claim_gate.displaced());
  sample(metrics::Table::replay, parts_->replay_memory.size(), parts_->replay_memory.displaced());
  parts_->negative_cache.with([&](const admit::NegativeCache& keys) {
    sample(metrics::Table::refused_keys, keys.size(), keys.displaced());
  });
}

} // namespace provisiond::daemon
