#pragma once

#include "admit/claim_gate.hpp"
#include "admit/key_gate.hpp"
#include "admit/negative_cache.hpp"
#include "admit/replay_memory.hpp"
#include "admit/source_gate.hpp"
#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/rate.hpp"
#include "events/cross_check.hpp"
#include "events/recent_initiations.hpp"
#include "events/source.hpp"
#include "flow/attack_mode.hpp"
#include "flow/interface.hpp"
#include "flow/known_key_gate.hpp"
#include "flow/passage.hpp"
#include "greet/budget.hpp"
#include "greet/greetings.hpp"
#include "handoff/peer_record.hpp"
#include "handoff/report.hpp"
#include "kernel/packet_sender.hpp"
#include "lookup/ledger.hpp"
#include "lookup/report_queue.hpp"
#include "metrics/metrics.hpp"
#include "peers/device_queue.hpp"
#include "peers/installed_keys.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace provisiond::flow {

// What the flow works with. Everything outlives it; made in daemon/compose.cpp.
struct Wiring {
  std::vector<Interface>& interfaces; // indexed by InterfaceId
  events::RefusalSink& refusal_sink;
  events::RecentInitiations& recent_initiations;
  events::CrossCheck& cross_check;
  admit::SourceGate& source_gate; // for addresses that are not proven
  admit::SourceGate& proven_gate; // for those whose sender receives there
  Guarded<peers::InstalledKeys>& installed_keys;
  Guarded<admit::NegativeCache>& negative_cache;
  KnownKeyGate& known_key_gate;
  admit::ReplayMemory& replay_memory;
  admit::KeyGate& key_gate;
  admit::ClaimGate& claim_gate;
  greet::Budget& greet_budget;
  kernel::PacketSender& packet_sender;
  Channel<PendingHandshake>& handshakes; // loop -> authenticate
  Channel<LookupRequest>& lookups;       // loop -> lookup
  lookup::Ledger& ledger;                // of the questions; as many as answers have room
  lookup::ReportQueue& reports;          // loop -> reporter; no ownership is lost uncounted
  // loop -> the device of the batch's interface. False when nothing takes it; it is untouched then.
  std::function<bool(peers::Batch&&)> submit;
  Channel<peers::Acknowledgement>& acknowledgements; // devices -> loop
  metrics::Metrics& metrics;
  std::function<Instant()> clock; // read only where a step takes time itself
  // Whether the database has the interface's network.
  std::function<bool(InterfaceId)> has_network = [](InterfaceId) { return true; };
};

struct Limits {
  bool demands_cookies = true;      // under load, and from addresses that are used up
  std::size_t load_threshold = 512; // handshakes waiting
  greet::Greetings::Limits greetings{};
  Duration report_interval = std::chrono::seconds{60};
  Duration idle_timeout = std::chrono::minutes{10}; // zero: never; a network may have its own
  // How long a peer of ours stays of which the database has neither a row nor a tombstone; zero:
  // for ever.
  Duration max_missing = std::chrono::hours{24};
  std::string gateway{}; // our name in the database
  std::string run{};     // of this process; another one of the same name has another
  AttackMode::Limits attack{};
};

} // namespace provisiond::flow
