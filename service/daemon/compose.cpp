#include "daemon/compose.hpp"

#include "daemon/confinement.hpp"
#include "daemon/limits.hpp"
#include "daemon/parts.hpp"

#include <utility>

// Everything is made here, in the order in which it depends on one another, and destroyed in
// reverse.

namespace provisiond::daemon {

namespace {

constexpr std::size_t changes_capacity = 4096;                         // more turns into "any key"
constexpr Duration database_hosts_interval = std::chrono::seconds{30}; // as names in DNS live
constexpr std::size_t control_capacity = 16; // two for each client, one of them cut meanwhile

// The questions that can be under way: those that wait, and those that the sessions have taken.
std::size_t answers_capacity(const settings::Database& database) {
  return database.queue_length + std::size_t{database.sessions} * database.batch_size;
}

} // namespace

Daemon::Parts::Parts(const settings::Settings& configured, Opened&& handed_over)
    : settings{configured}, gateway{make_gateway(settings, machine_number())}, opened{std::move(
                                                                                   handed_over)},
      metrics{*opened.metrics}, handshakes{settings.authenticate.queue_length},
      authenticated{settings.authenticate.queue_length}, lookups{settings.database.queue_length},
      answers{answers_capacity(settings.database)}, pool_events{64}, changes{changes_capacity},
      feed_events{64}, acknowledgements{settings.interfaces.size() *
                                        DeviceThreads::most_acknowledgements},
      readings{settings.interfaces.size() * DeviceThreads::most_readings},
      questions{control_capacity}, control_answers{control_capacity},
      interfaces{interfaces_from(settings)}, networks{networks_from(settings)}, reports{metrics},
      recent_initiations{{}, metrics}, cross_check{{}, metrics}, source_gate{source_gate_limits(
                                                                     settings)},
      proven_gate{source_gate_limits(settings)}, negative_cache{negative_cache_limits(settings)},
      known_key_gate{known_keys, second_chance_limits(settings), metrics},
      replay_memory{settings.admission.key_entries}, key_gate{key_gate_limits(settings)},
      claim_gate{claim_gate_limits(settings)},
      greet_budget{greet_limits(settings)}, ledger{{.places = answers.capacity()}},
      flow{{.interfaces = interfaces,
            .refusal_sink = *opened.sources,
            .recent_initiations = recent_initiations,
            .cross_check = cross_check,
            .source_gate = source_gate,
            .proven_gate = proven_gate,
            .installed_keys = installed_keys,
            .negative_cache = negative_cache,
            .known_key_gate = known_key_gate,
            .replay_memory = replay_memory,
            .key_gate = key_gate,
            .claim_gate = claim_gate,
            .greet_budget = greet_budget,
            .packet_sender = opened.raw_sender,
            .handshakes = handshakes,
            .lookups = lookups,
            .ledger = ledger,
            .reports = reports,
            .submit =
                [this](peers::Batch&& batch) { return device_threads->submit(std::move(batch)); },
            .acknowledgements = acknowledgements,
            .metrics = metrics,
            .clock = Instant::now,
            .has_network =
                [this](InterfaceId id) {
                  return networks.state(id) == lookup::Networks::State::found;
                }},
           flow_limits(settings, gateway),
           Instant::now()},
      device_watch{
          {.interfaces = interfaces,
           .sources = *opened.sources,
           .flow = flow,
           .metrics = metrics,
           .ask = [this](InterfaceId id,
                         const watch::Order& order) { return device_threads->ask(id, order); },
           .shared_secrets = settings.authenticate.shared_secrets},
          settings.watch.interval},
      control_desk{
          {.interfaces = interfaces,
           .sources = *opened.sources,
           .flow = flow,
           .turn_times = turn_times,
           .questions = questions,
           .answers = control_answers,
           .accept_database =
               [this](const std::string& identity) { return database_watch->accept(identity); }},
          Clock::now()},
      network_watch{interfaces, networks},
      routing{{.interfaces = interfaces,
               .database_addresses = [this] { return database_hosts->addresses(); },
               .metrics = metrics},
              route_orders_from(settings),
              settings.watch.interval},
      authenticators{{.handshakes = handshakes,
                      .authenticated = authenticated,
                      .checks = {.installed_keys = installed_keys,
                                 .negative_cache = negative_cache,
                                 .known_key_gate = known_key_gate},
                      .metrics = metrics},
                     settings.authenticate.threads} {}

Daemon::Parts::~Parts() {
  if (pool) pool->stop();
  if (change_feed) change_feed->stop();
  if (reporter) reporter->stop();
}

Status Daemon::Parts::start_control() {
  if (!opened.control_socket) return {};
  Result<std::unique_ptr<control::Server>> server =
      serve_control(std::move(*opened.control_socket), settings,
                    {.questions = questions, .answers = control_answers});
  if (!server) return fail(server.error());
  control = std::move(*server);
  return {};
}

Daemon::Daemon(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
Daemon::~Daemon() = default;

namespace {

// In the order of what they need: rights that are dropped, then none of these. The process is
// confined before the exposer, which has threads.
Result<Opened> open_all(const settings::Settings& settings,
                        std::unique_ptr<events::ProbeLoader> loader) {
  if (settings.metrics.enabled) {
    const Status free = metrics::Exposer::try_address(settings.metrics.listen);
    if (!free) return fail(free.error());
  }
  Result<kernel::RawSender> raw_sender = kernel::RawSender::open();
  if (!raw_sender) return fail(raw_sender.error());
  Result<kernel::LinkMonitor> links = kernel::LinkMonitor::open();
  if (!links) return fail(links.error());
  Result<std::optional<ControlSocket>> control_socket = open_control(settings.control);
  if (!control_socket) return fail(control_socket.error());
  KnownDatabase known_database = KnownDatabase::open(identity_file(settings.database));
  const Status confined = confine(settings, *loader);
  if (!confined) return fail(confined.error());

  std::unique_ptr<metrics::Metrics> metrics = std::make_unique<metrics::Metrics>();
  std::unique_ptr<metrics::Exposer> exposer;
  if (settings.metrics.enabled) {
    Result<std::unique_ptr<metrics::Exposer>> opened = metrics::Exposer::open(
        settings.metrics.listen, {.version = PROVISIOND_VERSION, .started_at = WallClock::now()},
        *metrics);
    if (!opened) return fail(opened.error());
    exposer = std::move(*opened);
  }
  const std::vector<events::SourcePreference> preferences = source_preferences(settings);
  Result<std::unique_ptr<events::SourceSet>> sources =
      events::SourceSet::open(source_openers(settings, *loader, *metrics), preferences, *metrics);
  if (!sources) return fail(sources.error());
  return Opened{std::move(metrics),         std::move(exposer),       std::move(loader),
                std::move(*sources),        std::move(*raw_sender),   std::move(*links),
                std::move(*control_socket), std::move(known_database)};
}

} // namespace

Result<std::unique_ptr<Daemon>> Daemon::make(const settings::Settings& settings,
                                             std::unique_ptr<events::ProbeLoader> loader) {
  Result<Opened> opened = open_all(settings, std::move(loader));
  if (!opened) return fail(opened.error());
  std::unique_ptr<Parts> parts = std::make_unique<Parts>(settings, std::move(*opened));
  const lookup::Limits limits = lookup_limits(settings, parts->gateway);
  Result<std::unique_ptr<lookup::Pool>> pool = lookup::Pool::start(limits, parts->networks,
                                                                   {.requests = parts->lookups,
                                                                    .answers = parts->answers,
                                                                    .events = parts->pool_events,
                                                                    .metrics = parts->metrics});
  if (!pool) return fail(pool.error());
  parts->pool = std::move(*pool);
  if (parts->routing.is_on())
    parts->database_hosts.emplace(settings.database.dsn, database_hosts_interval);
  Result<std::unique_ptr<lookup::ChangeFeed>> change_feed = lookup::ChangeFeed::start(
      limits, parts->networks,
      {.changes = parts->changes,
       .events = parts->feed_events,
       .metrics = parts->metrics,
       .known_keys = settings.admission.known_key_filter ? &parts->known_keys : nullptr});
  if (!change_feed) return fail(change_feed.error());
  parts->change_feed = std::move(*change_feed);
  Result<std::unique_ptr<lookup::Reporter>> reporter = lookup::Reporter::start(
      limits, parts->networks,
      {.reports = parts->reports, .events = parts->pool_events, .metrics = parts->metrics});
  if (!reporter) return fail(reporter.error());
  parts->reporter = std::move(*reporter);
  Result<std::unique_ptr<DeviceThreads>> device_threads =
      DeviceThreads::start(settings.interfaces, {.acknowledgements = parts->acknowledgements,
                                                 .readings = parts->readings});
  if (!device_threads) return fail(device_threads.error());
  parts->device_threads = std::move(*device_threads);
  const Status controlled = parts->start_control();
  if (!controlled) return fail(controlled.error());
  parts->database_watch = std::make_unique<DatabaseWatch>(
      DatabaseWatch::Wiring{.flow = parts->flow,
                            .sessions =
                                DatabaseWatch::sessions_of(*parts->pool, *parts->change_feed),
                            .metrics = parts->metrics,
                            .known = parts->opened.known_database.identity(),
                            .keep = [&known = parts->opened.known_database](
                                        const std::string& identity) { known.keep(identity); }},
      database_watch_limits(settings), Clock::now());
  return std::unique_ptr<Daemon>{new Daemon{std::move(parts)}};
}

} // namespace provisiond::daemon
