#pragma once

#include "base/channel.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "daemon/event_loop.hpp"
#include "flow/authenticators.hpp"
#include "flow/flow.hpp"
#include "lookup/ledger.hpp"
#include "lookup/pool.hpp"
#include "lookup/report_queue.hpp"
#include "peers/writer.hpp"
#include "support/fake_packet_sender.hpp"
#include "support/fake_source.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace provisiond::bench {

// How much may happen at once.
struct Width {
  std::uint32_t authenticate_threads = 1;
  std::uint32_t sessions = 1;
  std::uint32_t batch_size = 1;
  std::size_t window = 1; // initiations under way

  // One provision after the other: every batch has one element.
  static Width sequential() { return {}; }
};

// What a run cost. CPU times are of the whole run.
struct Run {
  std::size_t installed = 0;
  Duration elapsed{};
  Duration loop_cpu{}; // of which the four steps below; the rest is the event loop's
  Duration knock_cpu{};
  Duration proven_cpu{};
  Duration answered_cpu{};
  Duration commit_cpu{};
  Duration authenticate_cpu{};
  Duration lookup_cpu{};
};

// The daemon without its door: initiations are handed to the flow instead of being captured, and
// the watch does not pass over the device. Everything behind it is real and runs on the same
// threads: gates, key agreement, PostgreSQL, install, reverse handshakes. The budgets let
// everything through. One run per object.
class Gateway {
 public:
  struct Setup {
    std::string interface;
    std::string network;
    std::string dsn;
    Width width;
  };

  // Waits for the database sessions.
  static Result<std::unique_ptr<Gateway>> make(const Setup& setup, const Secret<32>& private_key,
                                               std::unique_ptr<kernel::WgDevice> device);

  // Offers the initiations as fast as they go, each from an address of its own in 198.18.0.0/15
  // (RFC 2544), and returns when all have ended. Fails when one did not end as an installed peer.
  Result<Run> run(std::span<const InitiationBytes> initiations);

  [[nodiscard]] const metrics::Metrics& metrics() const { return metrics_; }

 private:
  Gateway(const Setup& setup, const Secret<32>& private_key);

  Status wait_for_database();
  void attach();
  void offer();
  void take_authenticated();
  void take_acknowledgements();
  void take_answers();
  void tick();
  [[nodiscard]] std::size_t ended() const;

  Setup setup_;
  std::vector<flow::Interface> interfaces_;
  metrics::Metrics metrics_;
  test::FakePacketSender packet_sender_;
  daemon::EventLoop loop_;

  Channel<flow::PendingHandshake> handshakes_;          // loop -> authenticate
  Channel<flow::Authenticated> authenticated_;          // authenticate -> loop
  Channel<peers::Acknowledgement> acknowledgements_{4}; // writer -> loop
  Channel<LookupRequest> lookups_;                      // loop -> lookup
  lookup::ReportQueue reports_{metrics_};  // loop -> nowhere: closed from the beginning
  Channel<LookupAnswer> answers_;          // lookup -> loop
  Channel<lookup::PoolEvent> pool_events_; // lookup -> nobody

  test::FakeSource source_;
  events::RecentInitiations recent_initiations_;
  events::CrossCheck cross_check_;
  admit::SourceGate source_gate_;
  Guarded<peers::InstalledKeys> installed_keys_;
  Guarded<admit::NegativeCache> negative_cache_;
  lookup::KnownKeys known_keys_{1}; // nothing reads them, so everything passes
  flow::KnownKeyGate known_key_gate_{known_keys_, {.per_prefix = {}, .total = {}}, metrics_};
  admit::ReplayMemory replay_memory_;
  admit::KeyGate key_gate_;
  admit::ClaimGate claim_gate_;
  greet::Budget greet_budget_;
  lookup::Ledger ledger_;
  flow::Flow flow_;
  flow::Authenticators authenticators_;
  lookup::Networks networks_{{setup_.network}};
  std::unique_ptr<lookup::Pool> pool_;
  std::unique_ptr<kernel::WgDevice> device_; // until the writer has it
  std::unique_ptr<peers::Writer> writer_;

  std::span<const InitiationBytes> initiations_;
  std::size_t offered_ = 0;
  Run run_;
};

} // namespace provisiond::bench
