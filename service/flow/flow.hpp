#pragma once

#include "admit/key_gate.hpp"
#include "admit/refused_keys.hpp"
#include "admit/replay_memory.hpp"
#include "admit/roster.hpp"
#include "admit/source_gate.hpp"
#include "authenticate/cookie.hpp"
#include "base/channel.hpp"
#include "base/guarded.hpp"
#include "events/recent_initiations.hpp"
#include "evict/policy.hpp"
#include "flow/greeted_peers.hpp"
#include "flow/interface.hpp"
#include "flow/load.hpp"
#include "flow/passage.hpp"
#include "flow/report.hpp"
#include "greet/budget.hpp"
#include "greet/resubmit.hpp"
#include "greet/reverse.hpp"
#include "handoff/peer_record.hpp"
#include "kernel/packet_sender.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <vector>

namespace provisiond::flow {

// What the flow works with. Everything outlives it; made in daemon/compose.cpp.
struct Wiring {
  std::vector<Interface>& interfaces; // indexed by InterfaceId
  events::RecentInitiations& recent_initiations;
  admit::SourceGate& source_gate;
  Guarded<admit::Roster>& roster;
  Guarded<admit::RefusedKeys>& refused_keys;
  admit::ReplayMemory& replay_memory;
  admit::KeyGate& key_gate;
  greet::Budget& greet_budget;
  kernel::PacketSender& packet_sender;
  Channel<Knock>& knocks;          // loop -> authenticate
  Channel<LookupRequest>& lookups; // loop -> lookup
  metrics::Metrics& metrics;
  std::function<Instant()> clock; // read only where a step takes time itself
};

struct Limits {
  bool demands_cookies = true;      // under load
  std::size_t load_threshold = 512; // knocks waiting
  Duration greeting_deadline = std::chrono::seconds{15};
  Duration greeting_patience = std::chrono::seconds{1}; // then the peer is greeted again
};

// The story: what happens to a sighting from the wire to the first handshake. The stages run in the
// order of flow.cpp and nowhere else. The loop hands in what arrives (sightings, proofs, answers,
// passes over a device) and calls `commit` at the end of its turn, which sends everything planned
// in that turn to the devices at once.
//
// Loop thread. Logs; never throws for what comes from outside. Every sighting ends in one refusal
// or in one connected peer.
class Flow {
 public:
  Flow(const Wiring& wiring, const Limits& limits, const Instant& now);

  // In the order in which a sighting meets them.
  void knock(const Sighting& sighting, const Instant& now);
  void proven(const Proof& proof, const Instant& now);
  void answered(LookupAnswer answer, const Instant& now);
  void commit(const Instant& now);
  void inspect(Interface& interface, std::span<const kernel::PeerState> peers, const Instant& now);

  // The interface is gone, and all its peers with it.
  void forget(Interface& interface);

  // Peers without a session yet, on all interfaces; while there are any, `inspect` is wanted often.
  [[nodiscard]] std::size_t greeted() const { return greeted_.size(); }
  [[nodiscard]] Report& report() { return report_; }

 private:
  // A peer that will be created at the next commit.
  struct Planned {
    GreetedPeer peer;
    std::vector<kernel::PeerChange> changes; // the first one creates it
  };

  [[nodiscard]] std::optional<Refusal> demand_cookie(const Interface& interface,
                                                     const Sighting& sighting, const Instant& now);
  [[nodiscard]] std::optional<Refusal> plan(Interface& interface, const Sighting& sighting,
                                            PeerRecord& record, const Instant& now);
  void install(Interface& interface, std::vector<Planned> batch, const Instant& now);
  void greet(Interface& interface, const Planned& planned, const Instant& now);
  void settle(Interface& interface, const GreetedPeer& peer, WallTime handshake);
  void greet_again(Interface& interface, GreetedPeer& peer, const Instant& now);
  void count_greeting(GreetedPeer& peer, const Instant& now);
  void remove_never_connected(Interface& interface, const std::vector<PeerId>& due,
                              const Instant& now);
  void apply(Interface& interface, std::span<const kernel::PeerChange> changes);
  void refuse(const Sighting& sighting, Refusal refusal, std::optional<PublicKey> key,
              const Instant& now);
  [[nodiscard]] Interface& interface_of(InterfaceId id) { return wiring_.interfaces[id.value]; }
  [[nodiscard]] greet::Greeting& greeting_of(greet::Strategy strategy);

  Wiring wiring_;
  Limits limits_;
  Report report_;
  Load load_;
  authenticate::CookieChecker cookies_;
  greet::ReverseGreeting reverse_;
  greet::ResubmitGreeting resubmit_;
  std::map<InterfaceId, std::vector<Planned>> planned_; // emptied by commit
  GreetedPeers greeted_;
};

} // namespace provisiond::flow
