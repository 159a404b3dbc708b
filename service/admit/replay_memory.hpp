#pragma once

#include "base/fixed_table.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace provisiond::admit {

// The newest TAI64N of each proven key (white paper, section 5.1): an initiation that was recorded
// on the path and sent again later proves the key once more, but carries a timestamp that is not
// newer.
//
// Loop thread. Memory: 56 bytes an entry, fixed at construction; 7 MiB at the default of 131,072.
// When full, the key seen longest ago is forgotten. Lasts as long as the process; beyond that, and
// for other gateways, the database keeps the newest that led to a session.
class ReplayMemory {
 public:
  explicit ReplayMemory(std::size_t entries = 131'072) : newest_{entries} {}

  // True, and remembered, when `proven` carries a newer timestamp than the one before it, or when
  // that one was beyond `latest`: a device whose clock was ahead once is not locked out by that.
  [[nodiscard]] bool is_newer(InterfaceId interface, const ProvenKey& proven, const Tai64n& latest,
                              TimePoint now) {
    Tai64n& newest = newest_.touch(PeerId{.interface = interface, .key = proven.key()}, now);
    const bool is_newer = proven.timestamp() > newest;
    const bool is_right_again = newest > latest && proven.timestamp() <= latest;
    if (!is_newer && !is_right_again) return false;
    newest = proven.timestamp();
    return true;
  }

  // For people to look at; nullopt: none is remembered.
  [[nodiscard]] std::optional<Tai64n> newest(const PeerId& id) const {
    const Tai64n* const newest = newest_.find(id);
    return newest == nullptr ? std::nullopt : std::optional{*newest};
  }

  // An administrator may say that a device starts anew.
  void forget(const PeerId& id) { newest_.erase(id); }

  [[nodiscard]] std::size_t size() const { return newest_.size(); }
  [[nodiscard]] std::uint64_t displaced() const { return newest_.displaced(); }

 private:
  FixedTable<PeerId, Tai64n> newest_;
};

} // namespace provisiond::admit
