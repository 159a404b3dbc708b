#pragma once

#include "base/endpoint.hpp"
#include "base/prefix_budget.hpp"
#include "base/rate.hpp"
#include "base/translated_sources.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace provisiond::admit {

// How often the database is asked all the same about keys that it is not known to have: a few for
// each source prefix (IPv4 /24, IPv6 /48), and in total. A key that was added a moment ago gets in
// by one of these, and unknown devices are told to the administrator; a flood of strangers costs
// no more than this.
//
// Shared by the loop and the authenticate threads inside Guarded<>. Memory: 40 bytes an entry,
// fixed at construction.
class SecondChance {
 public:
  struct Limits {
    Rate per_prefix;
    Rate total;
    std::vector<IpPrefix> translated_prefixes{}; // see TranslatedSources
    std::size_t entries = 16'384;
  };

  explicit SecondChance(Limits limits)
      : limits_{std::move(limits)},
        translated_{limits_.translated_prefixes}, prefixes_{limits_.entries, {.v4 = 24, .v6 = 48}} {
  }

  // The prefix's own budget first, so that one network alone does not use up what all have.
  [[nodiscard]] bool take(const IpAddress& source, TimePoint now) {
    return prefixes_.take(translated_.origin_of(source), limits_.per_prefix, now) &&
           total_.take(limits_.total, now);
  }
  // What all prefixes have together. Changes nothing.
  [[nodiscard]] BudgetView total(TimePoint now) const { return total_.view(limits_.total, now); }

 private:
  Limits limits_;
  TranslatedSources translated_;
  PrefixBudget prefixes_;
  TokenBucket total_;
};

} // namespace provisiond::admit
