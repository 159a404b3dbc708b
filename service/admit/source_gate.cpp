#include "admit/source_gate.hpp"

#include <algorithm>
#include <string>

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
  const IpAddress origin = origin_of(source);
  if (!is_shared_source(source)) {
    if (!addresses_.take(origin, limits_.per_address, now)) return Refusal::source_budget;
    if (!prefixes_.take(origin, limits_.per_prefix, now)) return Refusal::prefix_budget;
  }
  if (!total_.take(limits_.total, now)) return Refusal::global_budget;
  return std::nullopt;
}

SourceView SourceGate::look(const IpAddress& source, TimePoint now) const {
  SourceView view;
  const auto note = [&](const std::string& scope, const BudgetView& budget, Refusal refusal) {
    view.budgets.push_back({.scope = scope, .budget = budget});
    if (budget.is_spent() && !view.refusal) view.refusal = refusal;
  };
  const IpAddress origin = origin_of(source);
  if (!is_shared_source(source)) {
    note(addresses_.prefix_of(origin).to_string(),
         addresses_.view(origin, limits_.per_address, now), Refusal::source_budget);
    note(prefixes_.prefix_of(origin).to_string(), prefixes_.view(origin, limits_.per_prefix, now),
         Refusal::prefix_budget);
  }
  note("all", total(now), Refusal::global_budget);
  return view;
}

} // namespace provisiond::admit
