#pragma once

#include "base/clock.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/peer_walk.hpp"
#include "handoff/report.hpp"
#include "kernel/wg_device.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_set>
#include <vector>

namespace provisiond::watch {

// A pass over a device's peers, worked off in slices: the peers that the device tells of, then
// those of the table that it did not tell of, then those that are being greeted. It shows the
// device as it was when the pass was begun, so peers that have left since are passed over.
//
// A pass may be incomplete. What it shows counts like any other's; what it does not show may be
// there all the same (peers::PeerTable::most_passes_missed).
struct Inspection {
  enum class Step : std::uint8_t { none, ordered, peers, table, greeted };

  Step step = Step::none;
  TimePoint begun_at{}; // what it shows is not older
  std::vector<kernel::PeerState> peers;
  bool is_complete = true; // `peers` are all that there were
  std::size_t next = 0;    // of `peers`
  std::unordered_set<PeerId, PeerIdHash> departed;
  std::optional<InterfaceReport> report; // when one is due
  PeerWalk rest;                         // of the table
  bool seeks_candidates = false;         // for eviction: the device is nearly full
  std::vector<PublicKey> greeted;        // the next one last

  // The device has told its peers, and they are not worked off yet.
  [[nodiscard]] bool has_work() const { return step != Step::none && step != Step::ordered; }
  // It may still come to a peer that has left meanwhile.
  [[nodiscard]] bool shows_the_past() const { return step == Step::ordered || step == Step::peers; }
};

} // namespace provisiond::watch
