#include "daemon/compose.hpp"

#include "base/log.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/interfaces.hpp"
#include "daemon/lifecycle.hpp"
#include "daemon/limits.hpp"
#include "daemon/remarks.hpp"
#include "events/capture_source.hpp"
#include "flow/authenticators.hpp"
#include "flow/flow.hpp"
#include "kernel/links.hpp"
#include "kernel/raw_sender.hpp"
#include "lookup/pool.hpp"
#include "metrics/exposer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>

// Everything is made here, in the order in which it depends on one another, and destroyed in
// reverse.

namespace provisiond::daemon {

using namespace std::chrono_literals;

namespace {

constexpr Duration busy_tick = 20ms;  // while peers wait for their first handshake
constexpr Duration idle_tick = 100ms; // what the look-up pool wants for its deadlines
constexpr Duration summary_interval = 10s;
constexpr std::size_t answers_per_turn = 1024;
constexpr std::size_t proofs_per_turn = 1024;

} // namespace

// The pool loses no answer when there is room for all that wait and all that are under way.
std::size_t answers_capacity(const settings::Database& database) {
  return database.queue_length + std::size_t{database.sessions} * database.batch_size;
}

// What has to be opened before anything is built on it.
struct Opened {
  std::unique_ptr<metrics::Metrics> metrics;
  std::unique_ptr<metrics::Exposer> exposer; // none when switched off
  std::unique_ptr<events::CaptureSource> source;
  kernel::RawSender raw_sender;
  kernel::LinkMonitor links;
};

struct Daemon::Parts {
  Parts(const settings::Settings& configured, Opened&& handed_over);

  settings::Settings settings;
  Opened opened;
  metrics::Metrics& metrics;
  EventLoop loop;

  Channel<flow::Knock> knocks;            // loop -> authenticate
  Channel<flow::Proof> proofs;            // authenticate -> loop
  Channel<LookupRequest> lookups;         // loop -> lookup
  Channel<LookupAnswer> answers;          // lookup -> loop
  Channel<lookup::PoolEvent> pool_events; // lookup -> loop

  std::vector<flow::Interface> interfaces;
  events::RecentInitiations recent_initiations;
  admit::SourceGate source_gate;
  Guarded<admit::Roster> roster;
  Guarded<admit::RefusedKeys> refused_keys;
  admit::ReplayMemory replay_memory;
  admit::KeyGate key_gate;
  greet::Budget greet_budget;
  flow::Flow flow;
  Interfaces keeper;

  // Threads last, so that they end first.
  flow::Authenticators authenticators;
  std::unique_ptr<lookup::Pool> pool;

  std::vector<Sighting> sightings; // reused by every read
  bool is_ready = false;
  Status outcome; // what `run` returns
  std::string last_database_problem;
};

Daemon::Parts::Parts(const settings::Settings& configured, Opened&& handed_over)
    : settings{configured}, opened{std::move(handed_over)}, metrics{*opened.metrics},
      knocks{settings.authenticate.queue_length}, proofs{settings.authenticate.queue_length},
      lookups{settings.database.queue_length}, answers{answers_capacity(settings.database)},
      pool_events{64}, interfaces{interfaces_from(settings)}, recent_initiations{{}, metrics},
      source_gate{source_gate_limits(settings)}, refused_keys{refused_keys_limits(settings)},
      replay_memory{settings.admission.key_entries}, key_gate{key_gate_limits(settings)},
      greet_budget{greet_limits(settings)}, flow{{.interfaces = interfaces,
                                                  .recent_initiations = recent_initiations,
                                                  .source_gate = source_gate,
                                                  .roster = roster,
                                                  .refused_keys = refused_keys,
                                                  .replay_memory = replay_memory,
                                                  .key_gate = key_gate,
                                                  .greet_budget = greet_budget,
                                                  .packet_sender = opened.raw_sender,
                                                  .knocks = knocks,
                                                  .lookups = lookups,
                                                  .metrics = metrics,
                                                  .clock = Instant::now},
                                                 flow_limits(settings),
                                                 Instant::now()},
      keeper{{.interfaces = interfaces, .source = *opened.source, .flow = flow, .metrics = metrics},
             backends_from(settings),
             settings.watch.interval},
      authenticators{{.knocks = knocks,
                      .proofs = proofs,
                      .roster = roster,
                      .refused_keys = refused_keys,
                      .metrics = metrics},
                     settings.authenticate.threads} {}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Daemon::~Daemon() = default;

Result<std::unique_ptr<Daemon>> Daemon::make(const settings::Settings& settings) {
  std::unique_ptr<metrics::Metrics> metrics = std::make_unique<metrics::Metrics>();
  std::unique_ptr<metrics::Exposer> exposer;
  if (settings.metrics.enabled) {
    Result<std::unique_ptr<metrics::Exposer>> opened = metrics::Exposer::open(
        settings.metrics.listen, {.version = PROVISIOND_VERSION, .started_at = WallClock::now()},
        *metrics);
    if (!opened) return fail(opened.error());
    exposer = std::move(*opened);
  }
  Result<std::unique_ptr<events::CaptureSource>> source = events::CaptureSource::open({}, *metrics);
  if (!source) return fail(source.error());
  Result<kernel::RawSender> raw_sender = kernel::RawSender::open();
  if (!raw_sender) return fail(raw_sender.error());
  Result<kernel::LinkMonitor> links = kernel::LinkMonitor::open();
  if (!links) return fail(links.error());

  std::unique_ptr<Parts> parts = std::make_unique<Parts>(
      settings, Opened{std::move(metrics), std::move(exposer), std::move(*source),
                       std::move(*raw_sender), std::move(*links)});
  Result<std::unique_ptr<lookup::Pool>> pool =
      lookup::Pool::start(lookup_limits(settings), networks_from(settings),
                          {.requests = parts->lookups,
                           .answers = parts->answers,
                           .events = parts->pool_events,
                           .metrics = parts->metrics});
  if (!pool) return fail(pool.error());
  parts->pool = std::move(*pool);
  return std::unique_ptr<Daemon>{new Daemon{std::move(parts)}};
}

Status Daemon::run() {
  attach();
  look();
  tick();
  summarise();
  parts_->loop.run();
  notify_stopping();
  log::info("stopped; peers stay on their devices");
  return parts_->outcome;
}

void Daemon::attach() {
  EventLoop& loop = parts_->loop;
  loop.on_readable(parts_->opened.source->fd(), [this] { take_sightings(); });
  loop.on_readable(parts_->proofs.ready_fd(), [this] { take_proofs(); });
  loop.on_readable(parts_->answers.ready_fd(), [this] { take_answers(); });
  loop.on_readable(parts_->pool_events.ready_fd(), [this] { take_pool_events(); });
  loop.on_readable(parts_->opened.links.fd(), [this] { take_link_events(); });
  loop.on_termination([this] { parts_->loop.stop(); });
  parts_->metrics.source_interfaces[SourceKind::capture].set(
      static_cast<std::int64_t>(parts_->interfaces.size()));
  remark_on_buffer(*parts_->opened.source);
}

void Daemon::take_sightings() {
  const Instant now = Instant::now();
  parts_->sightings.clear();
  const Status status = parts_->opened.source->read(now, parts_->sightings);
  for (const Sighting& sighting : parts_->sightings)
    parts_->flow.knock(sighting, now);
  parts_->flow.commit(now);
  if (status) return;
  parts_->metrics.source_interfaces[SourceKind::capture].set(0);
  parts_->outcome = fail(status.error().while_doing("packet capture"));
  parts_->loop.stop();
}

void Daemon::take_proofs() {
  const Instant now = Instant::now();
  for (const flow::Proof& proof : parts_->proofs.drain(proofs_per_turn))
    parts_->flow.proven(proof, now);
}

void Daemon::take_answers() {
  const Instant now = Instant::now();
  for (LookupAnswer& answer : parts_->answers.drain(answers_per_turn)) {
    parts_->metrics.lookup_duration.observe(now.steady - answer.asked_at);
    parts_->flow.answered(std::move(answer), now);
  }
  parts_->flow.commit(now);
}

void Daemon::take_pool_events() {
  for (const lookup::PoolEvent& event : parts_->pool_events.drain(64))
    remark_on(event, parts_->last_database_problem);
  announce();
}

void Daemon::take_link_events() {
  const std::vector<kernel::LinkEvent> events = parts_->opened.links.read();
  const bool concerns_us =
      std::any_of(events.begin(), events.end(), [this](const kernel::LinkEvent& event) {
        return event.kind == kernel::LinkEvent::Kind::overrun || parts_->keeper.serves(event.name);
      });
  if (concerns_us) parts_->keeper.look(Instant::now());
}

void Daemon::tick() {
  const Instant now = Instant::now();
  parts_->keeper.pass(now);
  parts_->flow.commit(now);
  parts_->pool->tick(now.steady);
  const bool is_busy = parts_->flow.greeted() > 0;
  parts_->loop.after(is_busy ? busy_tick : idle_tick, [this] { tick(); });
}

// A device that is slow to describe itself is asked less often: a tenth of the loop's time at most.
void Daemon::look() {
  const Instant begin = Instant::now();
  parts_->keeper.look(begin);
  const Duration pause = 9 * (Clock::now() - begin.steady);
  sample_gauges();
  announce();
  notify_alive();
  const Duration watchdog = watchdog_interval();
  Duration interval = std::max<Duration>(parts_->settings.watch.identity_interval, pause);
  if (watchdog != Duration::zero()) interval = std::min(interval, watchdog);
  parts_->loop.after(interval, [this] { look(); });
}

void Daemon::summarise() {
  parts_->flow.report().summarise();
  parts_->loop.after(summary_interval, [this] { summarise(); });
}

// READY once: when at least one interface is served and one database session is connected.
void Daemon::announce() {
  const lookup::PoolState database = parts_->pool->state();
  const std::size_t present = parts_->keeper.present();
  notify_status(fmt::format("{} of {} interfaces, {} database sessions, {} peers", present,
                            parts_->interfaces.size(), database.connected_sessions,
                            parts_->metrics.peers.value()));
  if (parts_->is_ready || present == 0 || database.connected_sessions == 0) return;
  parts_->is_ready = true;
  notify_ready();
  log::info("ready", {{"interfaces", std::to_string(present)}});
}

void Daemon::sample_gauges() {
  metrics::Metrics& metrics = parts_->metrics;
  metrics.authenticate_queue_length.set(static_cast<std::int64_t>(parts_->knocks.size()));
  metrics.lookup_queue_length.set(static_cast<std::int64_t>(parts_->lookups.size()));
  const auto sample = [&](metrics::Table table, std::size_t entries, std::uint64_t displaced) {
    metrics.table_entries[table].set(static_cast<std::int64_t>(entries));
    metrics.table_evictions[table].add(displaced - metrics.table_evictions[table].value());
  };
  sample(metrics::Table::source_gate, parts_->source_gate.size(), parts_->source_gate.displaced());
  sample(metrics::Table::key_gate, parts_->key_gate.size(), parts_->key_gate.displaced());
  sample(metrics::Table::replay, parts_->replay_memory.size(), parts_->replay_memory.displaced());
  parts_->refused_keys.with([&](const admit::RefusedKeys& keys) {
    sample(metrics::Table::refused_keys, keys.size(), keys.displaced());
  });
  static_cast<void>(parts_->opened.source->statistics()); // moves sighting_drops
}

} // namespace provisiond::daemon
