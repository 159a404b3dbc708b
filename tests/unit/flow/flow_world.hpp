#pragma once

#include "flow/authenticators.hpp"
#include "flow/flow.hpp"
#include "flow/view.hpp"
#include "peers/writer.hpp"
#include "support/fake_packet_sender.hpp"
#include "support/fake_source.hpp"
#include "support/fake_wg_device.hpp"
#include "support/initiator.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace provisiond::flow {

using namespace std::chrono_literals;
using greet::GreetingMode;
using peers::Owner;
using peers::Peer;
using peers::PeerTable;

// What the flow has told the reporter: ownerships first, then the rest.
class Recorded : public lookup::ReportQueue {
 public:
  using lookup::ReportQueue::ReportQueue;
  std::vector<DatabaseReport> drain(std::size_t limit) {
    std::vector<DatabaseReport> reports;
    for (SessionOwnership& ownership : take_ownerships(limit))
      reports.emplace_back(std::move(ownership));
    for (DatabaseReport& report : take_others(limit - reports.size()))
      reports.push_back(std::move(report));
    return reports;
  }
};

// A gateway in memory: the real flow, gates and key agreement, a fake device, and the test in the
// place of the threads, the database and the clock.
class World {
 public:
  struct Queues {
    std::size_t lookups = 8;
    std::size_t answers = 64;
  };

  explicit World(GreetingMode greeting = GreetingMode::reverse, Limits limits = {},
                 Queues queues = {.lookups = 8, .answers = 64})
      : gateway_{test::make_key_pair(1)}, interfaces_(1), recent_{{}, metrics},
        cross_check_{{}, metrics}, source_gate_{{.per_address = {1000, 1000},
                                                 .per_prefix = {1000, 1000},
                                                 .total = {1000, 1000},
                                                 .shared_prefixes = {},
                                                 .entries = 64}},
        negative_cache_{admit::NegativeCache::Limits{.ttl = 30s, .entries = 64}},
        replay_memory_{64},
        key_gate_{{.per_key = {1, 5}, .lookups = {1000, 1000}, .key_entries = 64, .in_flight = 8}},
        claim_gate_{{.per_claim = {1, 2}, .claims = {1000, 4}, .entries = 64, .in_flight = 8}},
        greet_budget_{{.per_prefix = {1, 2}, .total = {100, 100}}}, ledger{{.places =
                                                                                queues.answers,
                                                                            .deadline = 2min}},
        handshakes{4}, authenticated{8}, acknowledgements{8}, lookups{queues.lookups},
        flow{{.interfaces = interfaces_,
              .refusal_sink = source,
              .recent_initiations = recent_,
              .cross_check = cross_check_,
              .source_gate = source_gate_,
              .proven_gate = proven_gate_,
              .installed_keys = installed_keys_,
              .negative_cache = negative_cache_,
              .known_key_gate = known_key_gate_,
              .replay_memory = replay_memory_,
              .key_gate = key_gate_,
              .claim_gate = claim_gate_,
              .greet_budget = greet_budget_,
              .packet_sender = sender,
              .handshakes = handshakes,
              .lookups = lookups,
              .ledger = ledger,
              .reports = recorded,
              .submit = [this](peers::Batch&& batch) { return submit(std::move(batch)); },
              .acknowledgements = acknowledgements,
              .metrics = metrics,
              .clock = [this] { return read_clock(); },
              .has_network = [this](InterfaceId) { return knows_network; }},
             limits,
             now} {
    interfaces_[0].name = "wg0";
    interfaces_[0].greeting = greeting;
    interfaces_[0].max_peers = 3;
    interfaces_[0].identity =
        authenticate::InterfaceIdentity::make(gateway_.private_key, 64).value();
    interfaces_[0].ifindex = 7;
    interfaces_[0].known = Interface::Known::all;
  }

  // A sighting of a real initiation by `client`, made at `now`.
  Sighting sighting_of(const test::KeyPair& client, const char* from = "192.0.2.2:4000") {
    return sighting(test::make_initiation(client.private_key, gateway_.public_key,
                                          {.timestamp = next_timestamp()}),
                    from);
  }
  Sighting sighting(const InitiationBytes& initiation, const char* from = "192.0.2.2:4000") {
    Sighting seen;
    seen.source = Endpoint::parse(from).value();
    seen.local = Endpoint::parse("192.0.2.1:51820").value();
    seen.seen_at = now.steady;
    seen.seen_at_wall = now.wall;
    seen.seen_by = seen_by;
    seen.initiation = initiation;
    return seen;
  }

  // Runs what waits for the authenticate threads.
  void authenticate_all() {
    for (const PendingHandshake& knock : handshakes.drain(100))
      flow.first_contact().proven(authenticate(knock,
                                               {.installed_keys = installed_keys_,
                                                .negative_cache = negative_cache_,
                                                .known_key_gate = known_key_gate_},
                                               metrics),
                                  now);
  }
  // From the wire to the look-up channel.
  void knock(const Sighting& sighting) {
    flow.first_contact().knock(sighting, now);
    authenticate_all();
  }
  // The database answers everything asked with `verdict_of(key)`.
  template <class Function>
  void answer_all(Function&& verdict_of) {
    for (const LookupRequest& request : lookups.drain(100))
      flow.answered(answer_to(request, verdict_of(request.key)), now);
    flow.commit(now);
  }
  static LookupAnswer answer_to(const LookupRequest& request,
                                std::variant<PeerRecord, Refusal> verdict) {
    return {.interface = request.interface,
            .key = request.key,
            .purpose = request.purpose,
            .number = request.number,
            .verdict = std::move(verdict),
            .asked_at = request.asked_at};
  }
  static std::variant<PeerRecord, Refusal> known(const PublicKey& key,
                                                 const char* allowed_ip = "10.80.0.2/32",
                                                 std::uint16_t keepalive = 0) {
    PeerRecord record;
    record.key = key;
    record.keepalive_seconds = keepalive;
    record.allowed_ips.push_back(IpPrefix::parse(allowed_ip).value());
    return record;
  }
  void answer_known() {
    answer_all([](const PublicKey& key) { return known(key); });
  }
  void answer_refused(Refusal refusal) {
    answer_all([refusal](const PublicKey&) { return std::variant<PeerRecord, Refusal>{refusal}; });
  }
  // A device that hung answers what it was handed meanwhile.
  void answer_batches() {
    device_answers = true;
    for (peers::Batch& batch : std::exchange(batches_, {}))
      acknowledge(std::move(batch));
    flow.commit(now);
  }
  // The watch passes over the device.
  void pass() {
    flow.life().begin_pass(interface().id);
    flow.life().take_pass(interface().id, device->peers().value(), now);
    flow.commit(now);
  }

  void advance(Duration duration) {
    now.steady += duration;
    now.wall += duration;
  }
  // As a step sees it which takes time itself: on a slow machine each look is later than the last.
  Instant read_clock() {
    advance(clock_step);
    return now;
  }
  std::uint64_t refusals(Refusal refusal) { return metrics.refusals[refusal].value(); }
  std::uint64_t all_refusals() {
    std::uint64_t sum = 0;
    for (const metrics::Counter& counter : metrics.refusals.all())
      sum += counter.value();
    return sum;
  }
  Interface& interface() { return interfaces_[0]; }
  std::vector<Interface>& interfaces() { return interfaces_; }
  const PublicKey& gateway_key() const { return gateway_.public_key; }
  const test::KeyPair& gateway() const { return gateway_; }
  [[nodiscard]] std::size_t batches_under_way() const { return batches_.size(); }
  Tai64n next_timestamp() {
    Tai64n timestamp{};
    timestamp[7] = ++time_;
    return timestamp;
  }

  metrics::Metrics metrics;
  Instant now{.steady = TimePoint{} + 1h, .wall = WallTime{} + 1'000'000h};
  Duration clock_step{};                  // between two looks of one step at the clock
  bool knows_network = true;              // the database
  SourceKind seen_by = SourceKind::probe; // of the sightings that it makes
  std::shared_ptr<test::FakeWgDevice> device = std::make_shared<test::FakeWgDevice>();
  bool device_answers = true;      // false: batches wait for `answer_batches`
  lookup::KnownKeys known_keys{1}; // of the database; everything passes at first
  test::FakePacketSender sender;
  test::FakeSource source;

 private:
  // In the place of the device's thread.
  bool submit(peers::Batch&& batch) {
    if (device_answers)
      acknowledge(std::move(batch));
    else
      batches_.push_back(std::move(batch));
    return true;
  }
  void acknowledge(peers::Batch&& batch) {
    std::vector<Status> statuses = peers::apply(*device, batch);
    ASSERT_TRUE(acknowledgements.push(
        {.batch = std::move(batch), .statuses = std::move(statuses), .took = {}}));
  }

  std::vector<peers::Batch> batches_;
  test::KeyPair gateway_;
  std::uint8_t time_ = 0;
  std::vector<Interface> interfaces_;
  events::RecentInitiations recent_;
  events::CrossCheck cross_check_;
  admit::SourceGate source_gate_;
  admit::SourceGate proven_gate_{{.per_address = {1000, 1000},
                                  .per_prefix = {1000, 1000},
                                  .total = {1000, 1000},
                                  .shared_prefixes = {},
                                  .entries = 64}};
  Guarded<peers::InstalledKeys> installed_keys_;
  Guarded<admit::NegativeCache> negative_cache_;
  KnownKeyGate known_key_gate_{known_keys, {.per_prefix = {1, 2}, .total = {1, 3}}, metrics};
  admit::ReplayMemory replay_memory_;
  admit::KeyGate key_gate_;
  admit::ClaimGate claim_gate_;
  greet::Budget greet_budget_;

 public:
  lookup::Ledger ledger;
  Channel<PendingHandshake> handshakes;
  Channel<Authenticated> authenticated;
  Channel<peers::Acknowledgement> acknowledgements;
  Channel<LookupRequest> lookups;
  Recorded recorded{metrics};
  Flow flow;
};

} // namespace provisiond::flow
