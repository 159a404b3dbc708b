#pragma once

#include "base/fixed_table.hpp"
#include "base/rate.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>

namespace provisiond::admit {

// Decides whether a proven key may cost a query: a budget per key, one look-up in flight per key,
// and a budget for all look-ups together. Takes a ProvenKey, so a claim cannot use up a victim's
// budget. Keeps the sighting while its look-up is under way and hands it back with the answer.
//
// Loop thread. Memory: 64 bytes per key entry, fixed at construction (8 MiB at the default of
// 131,072), and at most `in_flight` sightings of about 300 bytes.
class KeyGate {
 public:
  struct Limits {
    Rate per_key;
    Rate lookups;
    std::size_t key_entries = 131'072;
    std::size_t in_flight = 4'096;
  };

  explicit KeyGate(Limits limits) : limits_{limits}, keys_{limits.key_entries} {}

  // lookup_in_flight, key_budget, lookup_budget, lookup_queue_full, or nullopt: `sighting` is kept
  // until `release`, with its timestamp.
  [[nodiscard]] std::optional<Refusal> admit(const Sighting& sighting, const ProvenKey& proven,
                                             TimePoint now);

  // The same for a key that was admitted before and that nobody could be asked about: only one
  // look-up per key and the total count. False: no.
  [[nodiscard]] bool resume(const PeerId& id, const Sighting& sighting, TimePoint now);

  // Ends the look-up of `id`; nullopt when none is in flight.
  [[nodiscard]] std::optional<Sighting> release(const PeerId& id);

  // How its budgets stand, for people to look at; changes nothing.
  struct View {
    BudgetView key;
    BudgetView lookups;
    bool is_in_flight = false;
    bool is_full = false; // no more look-ups can be under way
  };
  [[nodiscard]] View look(const PeerId& id, TimePoint now) const;

  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  [[nodiscard]] std::size_t size() const { return keys_.size(); }
  [[nodiscard]] std::uint64_t displaced() const { return keys_.displaced(); }

 private:
  Limits limits_;
  FixedTable<PeerId, TokenBucket> keys_;
  TokenBucket lookups_;
  std::unordered_map<PeerId, Sighting, PeerIdHash> in_flight_;
};

} // namespace provisiond::admit
