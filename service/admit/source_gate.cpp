#include "admit/source_gate.hpp"

#include <algorithm>

namespace provisiond::admit {

SourceGate::SourceGate(Limits limits)
    : limits_{std::move(limits)}, addresses_{limits_.entries, {.v4 = 32, .v6 = 64}},
      prefixes_{limits_.entries, {.v4 = 24, .v6 = 48}} {}

bool SourceGate::is_shared(const IpAddress& source) const {
  return std::any_of(limits_.shared_prefixes.begin(), limits_.shared_prefixes.end(),
                     [&](const IpPrefix& prefix) { return prefix.contains(source); });
}

std::optional<Refusal> SourceGate::admit(const IpAddress& source, TimePoint now) {
  if (!is_shared(source)) {
    if (!addresses_.take(source, limits_.per_address, now)) return Refusal::source_budget;
    if (!prefixes_.take(source, limits_.per_prefix, now)) return Refusal::prefix_budget;
  }
  if (!total_.take(limits_.total, now)) return Refusal::global_budget;
  return std::nullopt;
}

} // namespace provisiond::admit
