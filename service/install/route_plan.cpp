#include "install/route_plan.hpp"

#include <algorithm>

namespace provisiond::install {

namespace {

using Action = kernel::RouteChange::Action;

bool is_beyond(const IpPrefix& prefix, const RouteScope& scope) {
  if (prefix.length == 0 && scope.table == kernel::main_route_table) return false;
  return std::ranges::none_of(scope.subnets, [&](const IpPrefix& subnet) {
    return subnet.length <= prefix.length && subnet.contains(prefix.address);
  });
}

} // namespace

std::vector<kernel::RouteChange> plan_routes(std::span<const PrefixState> prefixes,
                                             const RouteScope& scope) {
  std::vector<kernel::RouteChange> changes;
  for (const PrefixState& state : prefixes) {
    const bool is_beyond_subnets = is_beyond(state.prefix, scope);
    const bool wants = is_beyond_subnets && state.holder == PrefixHolder::ours;
    const bool may_stay = is_beyond_subnets && state.holder != PrefixHolder::nobody;
    if (wants && !state.has_route)
      changes.push_back({.action = Action::add, .prefix = state.prefix});
    if (!may_stay && state.has_route)
      changes.push_back({.action = Action::remove, .prefix = state.prefix});
  }
  return changes;
}

} // namespace provisiond::install
