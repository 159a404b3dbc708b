#pragma once

#include "authenticate/interface_identity.hpp"
#include "evict/candidates.hpp"
#include "greet/greetings.hpp"
#include "handoff/sighting.hpp"
#include "peers/device_peers.hpp"
#include "watch/inspection.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace provisiond::flow {

// One WireGuard interface that we serve, as it is now. What the settings say of it is set before
// the flow is made; from then on the flow writes all of it. Loop thread.
struct Interface {
  InterfaceId id;
  std::string name;
  std::string network;
  greet::GreetingMode greeting = greet::GreetingMode::reverse;
  std::size_t max_peers = 0;
  bool cross_check = false;  // two sources watch it, and are held against each other
  bool is_exclusive = false; // peers that the database does not know are taken off
  // Everything is decided and told as it would be, and nothing is done: no change of the device, no
  // packet, nothing for the database or the kernel.
  bool is_dry_run = false;

  // None while the interface is not there: it has no peers then and answers nothing.
  std::shared_ptr<const authenticate::InterfaceIdentity> identity;
  std::uint32_t ifindex = 0;
  std::uint16_t listen_port = 0; // of the device; host byte order

  TimePoint report_due{}; // to the database
  TimePoint changed_at{}; // answers of the database to what was asked before are stale

  peers::DevicePeers peers; // on the device, ours and others'
  watch::Inspection inspection;
  PeerWalk removal; // all peers of ours are to leave

  evict::CandidateSearch candidate_search; // of the pass that is worked off
  evict::Candidates candidates;            // as of the last pass over a device that is nearly full

  // Of the peers on the device the daemon knows none before the first pass, and all of them since
  // the first complete one.
  enum class Known : std::uint8_t { none, some, all };
  Known known = Known::none;

  [[nodiscard]] bool is_present() const { return identity != nullptr; }
  // Its first pass is worked off. Before that a peer that is there already would be taken for a new
  // one.
  [[nodiscard]] bool is_served() const { return is_present() && known != Known::none; }
};

} // namespace provisiond::flow
