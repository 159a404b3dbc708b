#include "bench/gateway.hpp"

#include "bench/cpu_time.hpp"
#include "initiator/packet_sender.hpp"

#include <fmt/format.h>

#include <thread>
#include <utility>

namespace provisiond::bench {

using namespace std::chrono_literals;

namespace {

constexpr std::size_t queue_length = 4'096; // as the settings' default
constexpr std::size_t per_turn = 1'024;     // as in daemon/compose.cpp
constexpr std::size_t offers_per_turn = 128;
constexpr Rate unlimited{.per_second = 1e6, .burst = 1'000'000};

// Adds the CPU time of a scope to one of the steps.
class StepClock {
 public:
  explicit StepClock(Duration& step) : step_{step}, begin_{thread_cpu()} {}
  ~StepClock() { step_ += thread_cpu() - begin_; }
  StepClock(const StepClock&) = delete;
  StepClock& operator=(const StepClock&) = delete;

 private:
  Duration& step_;
  Duration begin_;
};

Endpoint source_of(std::size_t index) {
  static const IpPrefix sources = IpPrefix::parse("198.18.0.0/15").value();
  return {.address = initiator::address_at(sources, index + 1), .port = 51820};
}

Sighting sighting_of(const InitiationBytes& initiation, std::size_t index, const Instant& now) {
  Sighting sighting;
  sighting.source = source_of(index);
  sighting.local = {.address = IpAddress::v4(std::array<std::uint8_t, 4>{192, 0, 2, 1}),
                    .port = 51820};
  sighting.seen_at = now.steady;
  sighting.seen_at_wall = now.wall;
  sighting.initiation = initiation;
  return sighting;
}

} // namespace

Gateway::Gateway(const Setup& setup, const Secret<32>& private_key)
    : setup_{setup}, interfaces_(1), handshakes_{queue_length},
      authenticated_{queue_length}, lookups_{queue_length}, answers_{queue_length},
      pool_events_{64}, recent_initiations_{{}, metrics_}, cross_check_{{}, metrics_},
      source_gate_{{.per_address = unlimited,
                    .per_prefix = unlimited,
                    .total = unlimited,
                    .shared_prefixes = {}}},
      negative_cache_{admit::NegativeCache::Limits{.ttl = 30s}}, key_gate_{{.per_key = unlimited,
                                                                            .lookups = unlimited}},
      claim_gate_{{.per_claim = unlimited, .claims = unlimited}},
      greet_budget_{{.per_prefix = unlimited, .total = unlimited}},
      ledger_{{.places = answers_.capacity()}},
      flow_{{.interfaces = interfaces_,
             .refusal_sink = source_,
             .recent_initiations = recent_initiations_,
             .cross_check = cross_check_,
             .source_gate = source_gate_,
             .proven_gate = source_gate_,
             .installed_keys = installed_keys_,
             .negative_cache = negative_cache_,
             .known_key_gate = known_key_gate_,
             .replay_memory = replay_memory_,
             .key_gate = key_gate_,
             .claim_gate = claim_gate_,
             .greet_budget = greet_budget_,
             .packet_sender = packet_sender_,
             .handshakes = handshakes_,
             .lookups = lookups_,
             .ledger = ledger_,
             .reports = reports_,
             .submit = [this](peers::Batch&& batch) { return writer_->submit(std::move(batch)); },
             .acknowledgements = acknowledgements_,
             .metrics = metrics_,
             .clock = Instant::now},
            {.demands_cookies = false},
            Instant::now()},
      authenticators_{{.handshakes = handshakes_,
                       .authenticated = authenticated_,
                       .checks = {.installed_keys = installed_keys_,
                                  .negative_cache = negative_cache_,
                                  .known_key_gate = known_key_gate_},
                       .metrics = metrics_},
                      setup.width.authenticate_threads} {
  flow::Interface& interface = interfaces_.front();
  interface.name = setup.interface;
  interface.network = setup.network;
  interface.max_peers = 1'000'000;
  interface.identity = authenticate::InterfaceIdentity::make(private_key).value();
  reports_.close();
}

Result<std::unique_ptr<Gateway>> Gateway::make(const Setup& setup, const Secret<32>& private_key,
                                               std::unique_ptr<kernel::WgDevice> device) {
  std::unique_ptr<Gateway> gateway{new Gateway{setup, private_key}};
  Result<std::unique_ptr<lookup::Pool>> pool = lookup::Pool::start(
      {.dsn = setup.dsn, .sessions = setup.width.sessions, .batch_size = setup.width.batch_size},
      gateway->networks_,
      {.requests = gateway->lookups_,
       .answers = gateway->answers_,
       .events = gateway->pool_events_,
       .metrics = gateway->metrics_});
  if (!pool) return fail(pool.error());
  gateway->pool_ = std::move(*pool);
  gateway->device_ = std::move(device);
  Result<std::unique_ptr<peers::Writer>> writer = peers::Writer::start(
      setup.interface, kernel::Backend::automatic,
      {.acknowledgements = gateway->acknowledgements_,
       .open_device = [made = gateway.get()](const std::string&, kernel::Backend)
           -> Result<std::unique_ptr<kernel::WgDevice>> { return std::move(made->device_); }});
  if (!writer) return fail(writer.error());
  gateway->writer_ = std::move(*writer);
  const Status connected = gateway->wait_for_database();
  if (!connected) return fail(connected.error());
  return gateway;
}

Status Gateway::wait_for_database() {
  const TimePoint deadline = Clock::now() + 10s;
  while (pool_->state().connected_sessions < setup_.width.sessions) {
    if (Clock::now() > deadline)
      return fail(Error{fmt::format("no database: {}", pool_->state().last_error)});
    std::this_thread::sleep_for(5ms);
    pool_->tick(Clock::now());
  }
  return {};
}

Result<Run> Gateway::run(std::span<const InitiationBytes> initiations) {
  initiations_ = initiations;
  attach();
  const Duration authenticate_before = threads_cpu("authenticate-");
  const Duration lookup_before = threads_cpu("lookup-");
  const Duration loop_before = thread_cpu();
  const TimePoint begin = Clock::now();
  offer();
  tick();
  loop_.run();
  run_.elapsed = Clock::now() - begin;
  run_.loop_cpu = thread_cpu() - loop_before;
  run_.authenticate_cpu = threads_cpu("authenticate-") - authenticate_before;
  run_.lookup_cpu = threads_cpu("lookup-") - lookup_before;
  run_.installed = metrics_.peers_installed.value();
  if (run_.installed != initiations.size())
    return fail(
        Error{fmt::format("{} initiations made {} peers", initiations.size(), run_.installed)});
  return run_;
}

void Gateway::attach() {
  loop_.on_readable(authenticated_.ready_fd(), [this] { take_authenticated(); });
  loop_.on_readable(acknowledgements_.ready_fd(), [this] { take_acknowledgements(); });
  loop_.on_readable(answers_.ready_fd(), [this] { take_answers(); });
}

// Stands in the place of Daemon::take_sightings.
void Gateway::offer() {
  const std::size_t ended_now = ended();
  if (ended_now == initiations_.size()) return loop_.stop();
  const Instant now = Instant::now();
  const StepClock clock{run_.knock_cpu};
  for (std::size_t turn = 0; turn < offers_per_turn; ++turn) {
    if (offered_ == initiations_.size() || offered_ - ended_now >= setup_.width.window) return;
    flow_.first_contact().knock(sighting_of(initiations_[offered_], offered_, now), now);
    ++offered_;
  }
}

void Gateway::take_authenticated() {
  {
    const Instant now = Instant::now();
    const StepClock clock{run_.proven_cpu};
    for (const flow::Authenticated& result : authenticated_.drain(per_turn))
      flow_.first_contact().proven(result, now);
  }
  offer();
}

void Gateway::take_answers() {
  const Instant now = Instant::now();
  {
    const StepClock clock{run_.answered_cpu};
    for (LookupAnswer& answer : answers_.drain(per_turn)) {
      metrics_.lookup_duration.observe(now.steady - answer.asked_at);
      flow_.answered(std::move(answer), now);
    }
  }
  {
    const StepClock clock{run_.commit_cpu};
    flow_.commit(now);
  }
  offer();
}

void Gateway::take_acknowledgements() {
  {
    const StepClock clock{run_.commit_cpu};
    flow_.commit(Instant::now());
  }
  offer();
}

void Gateway::tick() {
  pool_->tick(Clock::now());
  offer();
  loop_.after(100ms, [this] { tick(); });
}

std::size_t Gateway::ended() const {
  std::uint64_t count = metrics_.peers_installed.value();
  for (const metrics::Counter& refusal : metrics_.refusals.all())
    count += refusal.value();
  return count;
}

} // namespace provisiond::bench
