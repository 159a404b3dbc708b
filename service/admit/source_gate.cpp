#include "admit/source_gate.hpp"

#include <algorithm>

namespace provisiond::admit {

SourceGate::SourceGate(Limits limits)
    : limits_{std::move(limits)}, translated_{limits_.translated_prefixes},
      addresses_{limits_.entries, {.v4 = 32, .v6 = 64}}, prefixes_{limits_.entries,
                                                                   {.v4 = 24, .v6 = 48}} {}

bool SourceGate::is_shared(const IpAddress& source) const {
  return std::any_of(limits_.shared_prefixes.begin(), limits_.shared_prefixes.end(),
                     [&](const IpPrefix& prefix) { return prefix.contains(source); });
}

std::optional<Refusal> SourceGate::admit(const IpAddress& source, TimePoint now) {
  const IpAddress origin = translated_.origin_of(source);
  if (!is_shared(source) && !is_shared(origin)) {
    if (!addresses_.take(origin, limits_.per_address, now)) return Refusal::source_budget;
    if (!prefixes_.take(origin, limits_.per_prefix, now)) return Refusal::prefix_budget;
  }
  if (!total_.take(limits_.total, now)) return Refusal::global_budget;
  return std::nullopt;
}

} // namespace provisiond::admit
