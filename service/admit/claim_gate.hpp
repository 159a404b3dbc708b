#pragma once

#include "base/fixed_table.hpp"
#include "base/rate.hpp"
#include "base/translated_sources.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace provisiond::admit {

// Decides whether a mere claim may cost a query: for sources that report a key without the bytes
// that would prove it. Who claims a victim's key spends the budget of their own network for that
// key and nothing else: budgets are kept per key and source prefix (IPv4 /24, IPv6 /48), and claims
// have a small total that proven keys do not share. Because a claim leaves no trace in the negative
// cache, this budget is also what stands between a bad key that knocks for ever and the database.
//
// Loop thread. Memory: 88 bytes per entry, fixed at construction, and at most `in_flight` sightings
// of about 300 bytes.
class ClaimGate {
 public:
  struct Limits {
    Rate per_claim;
    Rate claims;
    std::size_t entries = 131'072;
    std::size_t in_flight = 1'024;
    std::vector<IpPrefix> translated_prefixes{}; // see TranslatedSources
  };

  explicit ClaimGate(Limits limits)
      : limits_{std::move(limits)},
        translated_{limits_.translated_prefixes}, budgets_{limits_.entries} {}

  // lookup_in_flight, claim_budget, lookup_queue_full, or nullopt: `sighting` is kept until
  // `release`.
  [[nodiscard]] std::optional<Refusal> admit(const Sighting& sighting, const ClaimedKey& claimed,
                                             TimePoint now);

  // Ends the look-up of `id`; nullopt when none is in flight.
  [[nodiscard]] std::optional<Sighting> release(const PeerId& id);

  // For people to look at: whether a claim of the key is asked for, and the total of all claims.
  [[nodiscard]] bool is_in_flight(const PeerId& id) const { return in_flight_.contains(id); }
  [[nodiscard]] BudgetView total(TimePoint now) const { return claims_.view(limits_.claims, now); }

  [[nodiscard]] std::size_t size() const { return budgets_.size(); }
  [[nodiscard]] std::uint64_t displaced() const { return budgets_.displaced(); }

 private:
  struct Claim {
    PeerId id;
    IpPrefix from;
    bool operator==(const Claim&) const = default;
  };

  Limits limits_;
  TranslatedSources translated_;
  FixedTable<Claim, TokenBucket> budgets_;
  TokenBucket claims_;
  std::unordered_map<PeerId, Sighting, PeerIdHash> in_flight_;
};

} // namespace provisiond::admit
