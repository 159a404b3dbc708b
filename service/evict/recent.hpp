#pragma once

#include "base/clock.hpp"
#include "base/fixed_table.hpp"
#include "handoff/peer_id.hpp"

#include <chrono>
#include <cstddef>

namespace provisiond::evict {

// Peers that were evicted for want of use or room. A return within the window means that the
// eviction was premature. Loop thread. Memory: 65,536 of them, fixed at construction.
class RecentEvictions {
 public:
  static constexpr Duration window = std::chrono::minutes{10};

  void note(const PeerId& id, TimePoint now) { evicted_.touch(id, now) = now; }
  // The peer is back; whether its eviction was premature. Asked once for each return.
  [[nodiscard]] bool was_premature(const PeerId& id, TimePoint now) {
    const TimePoint* const evicted_at = evicted_.find(id);
    if (evicted_at == nullptr) return false;
    const bool is_recent = now - *evicted_at < window;
    evicted_.erase(id);
    return is_recent;
  }

 private:
  static constexpr std::size_t most = 65'536;
  FixedTable<PeerId, TimePoint> evicted_{most};
};

} // namespace provisiond::evict
