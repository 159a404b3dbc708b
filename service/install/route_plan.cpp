#include "install/route_plan.hpp"

#include <algorithm>
#include <optional>

namespace provisiond::install {

namespace {

using Action = kernel::RouteChange::Action;

bool is_in_a_subnet(const IpPrefix& prefix, const RouteScope& scope) {
  return std::ranges::any_of(scope.subnets, [&](const IpPrefix& subnet) {
    return subnet.length <= prefix.length && subnet.contains(prefix.address);
  });
}

std::optional<RouteRefusal> refusal_of(const PrefixState& state, const RouteScope& scope) {
  const bool would_loop = scope.table == kernel::main_route_table && state.holds_endpoint;
  if (would_loop && !state.has_route) return RouteRefusal::endpoint;
  return refuses(scope.bounds, state.prefix, scope.table);
}

} // namespace

RoutePlan plan_routes(std::span<const PrefixState> prefixes, const RouteScope& scope) {
  RoutePlan plan;
  for (const PrefixState& state : prefixes) {
    const bool needs_none =
        state.holder == PrefixHolder::nobody || is_in_a_subnet(state.prefix, scope);
    const std::optional<RouteRefusal> refusal =
        needs_none ? std::nullopt : refusal_of(state, scope);
    const bool is_ours = state.holder == PrefixHolder::ours;
    if (refusal && is_ours) plan.refused.push_back({.prefix = state.prefix, .refusal = *refusal});
    if (state.has_route && (needs_none || refusal))
      plan.changes.push_back({.action = Action::remove, .prefix = state.prefix});
    if (!state.has_route && is_ours && !needs_none && !refusal)
      plan.changes.push_back({.action = Action::add, .prefix = state.prefix});
  }
  return plan;
}

} // namespace provisiond::install
