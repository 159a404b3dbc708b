#pragma once

#include "authenticate/interface_identity.hpp"
#include "flow/peer_table.hpp"
#include "flow/round.hpp"
#include "greet/greeting.hpp"
#include "handoff/report.hpp"
#include "handoff/sighting.hpp"
#include "install/allowed_ip_index.hpp"
#include "kernel/wg_device.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

namespace provisiond::flow {

// Which greeting an interface uses. `automatic`: resubmit, then reverse when no session follows.
enum class GreetingMode : std::uint8_t { reverse, resubmit, automatic };

// Somebody who is to be taken off a device.
struct Departure {
  PublicKey key;
  Eviction reason{};
};

// Who could make way for others, and what decides who goes first.
struct Spare {
  bool is_evicted_last = false;
  TimePoint active_at{};
  PublicKey key;
};

// A pass over a device's peers, worked off in slices: what the device tells, then who is in the
// table and was not told, then who is being greeted. It shows the device as it was when the pass
// was begun, so whatever has left since is passed over.
//
// A pass may be incomplete. What it shows counts like any other's; what it does not show may be
// there all the same (PeerTable::most_passes_missed).
struct Inspection {
  enum class Step : std::uint8_t { none, ordered, peers, table, greeted };

  Step step = Step::none;
  TimePoint begun_at{}; // what it shows is not older
  std::vector<kernel::PeerState> peers;
  bool is_complete = true; // `peers` are all that there were
  std::size_t next = 0;    // of `peers`
  std::unordered_set<PublicKey, PeerTable::Hash> departed;
  std::optional<InterfaceReport> report; // when one is due
  PeerWalk rest;                         // of the table
  bool seeks_spare = false;
  std::vector<Spare> spare;       // a heap, with who goes last on top
  std::vector<PublicKey> greeted; // the next one last

  // It may still come to somebody who has left meanwhile.
  [[nodiscard]] bool shows_the_past() const { return step == Step::ordered || step == Step::peers; }
};

// One WireGuard interface that we serve, as it is now. Loop thread.
struct Interface {
  InterfaceId id;
  std::string name;
  std::string network;
  GreetingMode greeting = GreetingMode::reverse;
  std::size_t max_peers = 0;
  bool cross_check = false;  // two sources watch it, and are held against each other
  bool is_exclusive = false; // peers that the database does not know are taken off

  // Both are there, or neither: an interface that is gone has no device and answers nobody.
  std::unique_ptr<kernel::WgDevice> device;
  std::shared_ptr<const authenticate::InterfaceIdentity> identity;
  std::uint16_t listen_port = 0; // of the device; host byte order

  TimePoint report_due{}; // to the database

  // Answers of the database to what was asked before are stale.
  TimePoint changed_at{};

  install::AllowedIpIndex allowed_ips; // of the peers on the device
  PeerTable peers;                     // on the device, ours and others'
  Inspection inspection;
  Round recheck;    // everybody is to be looked up again
  PeerWalk removal; // everybody of ours is to leave

  // What goes to the device with the next commit, a batch at a time.
  std::deque<Departure> departures;
  std::vector<kernel::PeerChange> updates; // of peers that are there

  // Ours without a session, the one to go first at the end; as of the last pass over a device that
  // is nearly full, so what it says is checked again.
  std::vector<PublicKey> spare;

  // Of the peers on the device the daemon knows none before the first pass, and all of them since
  // the first complete one.
  enum class Known : std::uint8_t { none, some, all };
  Known known = Known::none;

  [[nodiscard]] bool is_present() const { return device != nullptr; }
};

} // namespace provisiond::flow
