#pragma once

#include "base/clock.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/sighting.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <unordered_map>
#include <vector>

namespace provisiond::flow {

// Proven keys that were refused because the database could not be asked. A client knocks every five
// seconds; a key that is remembered here is looked up as soon as the database is back, without
// waiting for the next knock. Of each key the last sighting, which is the handshake that the client
// still works on.
//
// Loop thread. Memory: the 1,024 newest keys, about 500 bytes each.
class WaitingKeys {
 public:
  static constexpr std::size_t most = 1'024;
  static constexpr Duration longest = std::chrono::seconds{15}; // then the client is gone

  struct Waiting {
    PeerId id;
    Sighting sighting;
  };

  void add(const PeerId& id, const Sighting& sighting);
  void forget(const PeerId& id);

  // Whether a client has knocked lately; forgets those that have not.
  [[nodiscard]] bool has_any(TimePoint now);
  // All of them, the longest waiting first; none is left.
  [[nodiscard]] std::vector<Waiting> take(TimePoint now);

  [[nodiscard]] bool contains(const PeerId& id) const { return waiting_.contains(id); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  struct Entry {
    Sighting sighting;
    std::uint64_t order = 0;
  };

  void expire(TimePoint now);

  std::unordered_map<PeerId, Entry, PeerIdHash> waiting_;
  std::map<std::uint64_t, PeerId> by_order_;
  std::uint64_t last_order_ = 0;
};

} // namespace provisiond::flow
