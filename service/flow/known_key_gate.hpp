#pragma once

#include "admit/second_chance.hpp"
#include "base/guarded.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"
#include "lookup/known_keys.hpp"
#include "metrics/metrics.hpp"

#include <optional>
#include <utility>

namespace provisiond::flow {

// Between a claimed key and what its proof and its look-up cost: a key that the database is not
// known to have ends here, but for a few a second.
//
// Any thread. Nothing is remembered of a key that is refused. Moves second_chances.
class KnownKeyGate {
 public:
  KnownKeyGate(lookup::KnownKeys& keys, admit::SecondChance::Limits limits,
               metrics::Metrics& metrics)
      : keys_{keys}, second_chances_{std::move(limits)}, metrics_{metrics} {}

  // not_in_filter, or nullopt.
  [[nodiscard]] std::optional<Refusal> admit(const PeerId& id, const Sighting& sighting) {
    if (keys_.find(id) != lookup::KnownKeys::Answer::unknown) return std::nullopt;
    const bool has_chance = second_chances_.with([&](admit::SecondChance& chances) {
      return chances.take(sighting.source.address, sighting.seen_at);
    });
    if (!has_chance) return Refusal::not_in_filter;
    metrics_.second_chances.add();
    return std::nullopt;
  }

  // For an unknown key, how many second chances are left for all. Changes nothing.
  [[nodiscard]] std::optional<BudgetView> look(const PeerId& id, TimePoint now) const {
    if (keys_.find(id) != lookup::KnownKeys::Answer::unknown) return std::nullopt;
    return second_chances_.with(
        [now](const admit::SecondChance& chances) { return chances.total(now); });
  }

  // The database has answered with a peer, whatever it is known to have.
  void note_peer(const PeerId& id) { static_cast<void>(keys_.add(id)); }

 private:
  lookup::KnownKeys& keys_;
  Guarded<admit::SecondChance> second_chances_;
  metrics::Metrics& metrics_;
};

} // namespace provisiond::flow
