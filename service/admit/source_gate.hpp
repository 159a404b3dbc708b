#pragma once

#include "base/endpoint.hpp"
#include "base/prefix_budget.hpp"
#include "base/rate.hpp"
#include "base/translated_sources.hpp"
#include "handoff/explanation.hpp"
#include "handoff/refusal.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace provisiond::admit {

// Decides, before any key agreement, whether a source may cost us one: a budget per address (IPv4
// /32, IPv6 /64, as the kernel's ratelimiter.c), per prefix (IPv4 /24, IPv6 /48) and in total. An
// IPv4 address that a translator has embedded counts as such.
// There are two: one for addresses that nobody has proven, which a spoofer can spend and which
// leads to a request for proof, and one for those whose sender has shown that it receives there.
//
// Loop thread. Costs two SipHash look-ups. Memory: two tables of `entries`, 40 bytes each, fixed at
// construction; 5 MiB at the default of 65,536.
class SourceGate {
 public:
  struct Limits {
    Rate per_address;
    Rate per_prefix;
    Rate total;
    // Sources that many devices share (carrier-grade NAT): only the total applies.
    std::vector<IpPrefix> shared_prefixes;
    std::vector<IpPrefix> translated_prefixes{}; // see TranslatedSources
    std::size_t entries = 65'536;
  };

  explicit SourceGate(Limits limits);

  // source_budget, prefix_budget, global_budget, or nullopt: go on.
  [[nodiscard]] std::optional<Refusal> admit(const IpAddress& source, TimePoint now);

  // What `admit` would say, and how the budgets stand. Takes nothing and makes no entry.
  [[nodiscard]] SourceView look(const IpAddress& source, TimePoint now) const;
  // Only the total applies to it; and the address that it counts as.
  [[nodiscard]] bool is_shared_source(const IpAddress& source) const {
    return is_shared(source) || is_shared(origin_of(source));
  }
  [[nodiscard]] IpAddress origin_of(const IpAddress& source) const {
    return translated_.origin_of(source);
  }
  [[nodiscard]] BudgetView total(TimePoint now) const { return total_.view(limits_.total, now); }

  // Prefixes with an entry, and how many entries gave way to others.
  [[nodiscard]] std::size_t size() const { return addresses_.size() + prefixes_.size(); }
  [[nodiscard]] std::uint64_t displaced() const {
    return addresses_.displaced() + prefixes_.displaced();
  }

 private:
  [[nodiscard]] bool is_shared(const IpAddress& source) const;

  Limits limits_;
  TranslatedSources translated_;
  PrefixBudget addresses_;
  PrefixBudget prefixes_;
  TokenBucket total_;
};

} // namespace provisiond::admit
