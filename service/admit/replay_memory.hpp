#pragma once

#include "base/fixed_table.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <cstdint>

namespace provisiond::admit {

// The newest TAI64N of each proven key (white paper, section 5.1): an initiation that was recorded
// on the path and sent again later proves the key once more, but carries a timestamp that is not
// newer.
//
// Loop thread. Memory: 56 bytes an entry, fixed at construction; 7 MiB at the default of 131,072.
// When full, the key seen longest ago is forgotten. Lasts as long as the process.
class ReplayMemory {
 public:
  explicit ReplayMemory(std::size_t entries = 131'072) : newest_{entries} {}

  // True, and remembered, when `proven` carries a newer timestamp than any before it.
  [[nodiscard]] bool is_newer(InterfaceId interface, const ProvenKey& proven, TimePoint now) {
    Tai64n& newest = newest_.touch(PeerId{.interface = interface, .key = proven.key()}, now);
    if (proven.timestamp() <= newest) return false;
    newest = proven.timestamp();
    return true;
  }

  [[nodiscard]] std::size_t size() const { return newest_.size(); }
  [[nodiscard]] std::uint64_t displaced() const { return newest_.displaced(); }

 private:
  FixedTable<PeerId, Tai64n> newest_;
};

} // namespace provisiond::admit
