#pragma once

#include "base/prefix_budget.hpp"
#include "base/rate.hpp"
#include "base/translated_sources.hpp"
#include "handoff/explanation.hpp"

#include <utility>
#include <vector>

namespace provisiond::greet {

// Bounds how many reverse handshakes the gateway can be made to send towards one network, and in
// all: the holder of a registered key may write any source address on its initiation.
//
// Loop thread. Memory: 4,096 prefixes, 40 bytes each, fixed at construction.
class Budget {
 public:
  struct Limits {
    Rate per_prefix; // IPv4 /24, IPv6 /48
    Rate total;
    std::vector<IpPrefix> translated_prefixes{}; // see TranslatedSources
  };

  explicit Budget(Limits limits)
      : limits_{std::move(limits)},
        translated_{limits_.translated_prefixes}, prefixes_{4'096, {.v4 = 24, .v6 = 48}} {}

  [[nodiscard]] bool take(const IpAddress& target, TimePoint now) {
    return prefixes_.take(translated_.origin_of(target), limits_.per_prefix, now) &&
           total_.take(limits_.total, now);
  }

  // How it stands, for people to look at; takes nothing.
  [[nodiscard]] ScopedBudget look(const IpAddress& target, TimePoint now) const {
    const IpAddress origin = translated_.origin_of(target);
    return {.scope = prefixes_.prefix_of(origin).to_string(),
            .budget = prefixes_.view(origin, limits_.per_prefix, now)};
  }
  [[nodiscard]] BudgetView total(TimePoint now) const { return total_.view(limits_.total, now); }

 private:
  Limits limits_;
  TranslatedSources translated_;
  PrefixBudget prefixes_;
  TokenBucket total_;
};

} // namespace provisiond::greet
