#include "install/route_keeper.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

namespace provisiond::install {

namespace {

constexpr Duration retry_pause = std::chrono::seconds{1}; // after a listing that failed

} // namespace

RouteKeeper::RouteKeeper(std::unique_ptr<kernel::Routes> routes, Options options)
    : routes_{std::move(routes)}, options_{std::move(options)} {
  scope_.table = options_.table;
  scope_.bounds.within = options_.within;
}

void RouteKeeper::keep_out(const std::vector<IpAddress>& database) {
  if (scope_.bounds.database == database) return;
  scope_.bounds.database = database;
  if (has_listed_) review_ = {.is_under_way = true};
}

void RouteKeeper::note(std::span<const IpPrefix> changed) {
  // What is there before the first listing, that one finds.
  if (has_listed_) to_settle_.insert(changed.begin(), changed.end());
}

void RouteKeeper::retry(const IpPrefix& prefix) {
  failed_.erase(prefix);
  note(std::span{&prefix, 1});
}

RouteKeeper::Outcome RouteKeeper::step(const AllowedIpIndex& device, const HolderOf& holder_of,
                                       TimePoint now) {
  Outcome outcome;
  if (stage_ == Stage::settle && (is_hurried_ || now >= listing_due_)) {
    stage_ = Stage::list;
    is_hurried_ = false;
    next_hops_.clear();
    ++listing_;
  }
  if (stage_ == Stage::list) outcome.listing = list(now);
  if (stage_ == Stage::sweep) sweep();
  if (stage_ != Stage::settle || !has_listed_) return outcome;
  settle(take_batch(device, holder_of), outcome);
  return outcome;
}

// One part.
Status RouteKeeper::list(TimePoint now) {
  kernel::Routes::Listed listed;
  const Result<kernel::Routes::Listing> part = routes_->list(listed);
  next_hops_.insert(listed.next_hops.begin(), listed.next_hops.end());
  for (const IpPrefix& route : listed.ours) {
    const bool is_new = present_.insert_or_assign(route, listing_).second;
    if (is_new && has_listed_) to_settle_.insert(route); // before, the review meets it
  }
  if (part && *part == kernel::Routes::Listing::goes_on) return {};
  Status ended = part ? end_listing(now) : fail(part.error());
  if (ended) return ended;
  stage_ = Stage::settle;
  listing_due_ = now + std::min(options_.interval, retry_pause);
  return ended;
}

// It is complete: what is present and was not told is not there any more.
Status RouteKeeper::end_listing(TimePoint now) {
  Result<RouteScope> scope = read_scope();
  if (!scope) return fail(scope.error());
  // What has failed may work now; a review comes by it.
  if (!has_listed_ || *scope != scope_)
    review_ = {.is_under_way = true};
  else
    retry_ = {.is_under_way = !failed_.empty()};
  scope_ = std::move(*scope);
  sweep_from_.reset();
  stage_ = Stage::sweep;
  listing_due_ = now + options_.interval;
  has_listed_ = true;
  return {};
}

Result<RouteScope> RouteKeeper::read_scope() {
  const Result<std::vector<kernel::AddressSubnet>> subnets = routes_->subnets();
  if (!subnets) return fail(subnets.error());
  RouteScope scope{.subnets = {}, .table = scope_.table, .bounds = scope_.bounds};
  scope.bounds.other_interfaces.clear();
  for (const kernel::AddressSubnet& subnet : *subnets) {
    if (subnet.ifindex == options_.ifindex)
      scope.subnets.push_back(subnet.prefix);
    else if (!options_.is_sibling || !options_.is_sibling(subnet.ifindex))
      scope.bounds.other_interfaces.push_back(subnet.prefix);
  }
  std::ranges::sort(scope.subnets);
  std::ranges::sort(scope.bounds.other_interfaces);
  scope.bounds.next_hops.assign(next_hops_.begin(), next_hops_.end());
  return scope;
}

// Somebody may have removed routes of ours.
void RouteKeeper::sweep() {
  std::map<IpPrefix, std::uint64_t>::iterator route =
      sweep_from_ ? present_.lower_bound(*sweep_from_) : present_.begin();
  for (std::size_t i = 0; i < sweep_slice && route != present_.end(); ++i) {
    if (route->second == listing_) {
      ++route;
      continue;
    }
    to_settle_.insert(route->first);
    route = present_.erase(route);
  }
  if (route == present_.end())
    stage_ = Stage::settle;
  else
    sweep_from_ = route->first;
}

// What has changed, then what has failed before, then the review.
std::optional<IpPrefix> RouteKeeper::next_to_settle(const AllowedIpIndex& device) {
  if (!to_settle_.empty()) return to_settle_.extract(to_settle_.begin()).value();
  if (retry_.is_under_way) {
    retry_.last = next_to_retry();
    retry_.is_under_way = retry_.last.has_value();
    if (retry_.last) return retry_.last;
  }
  if (review_.is_under_way) {
    review_.last = next_to_review(device);
    review_.is_under_way = review_.last.has_value();
    if (review_.last) return review_.last;
  }
  return std::nullopt;
}

std::optional<IpPrefix> RouteKeeper::next_to_retry() const {
  const std::map<IpPrefix, Cause>::const_iterator failure =
      retry_.last ? failed_.upper_bound(*retry_.last) : failed_.begin();
  if (failure == failed_.end()) return std::nullopt;
  return failure->first;
}

std::optional<IpPrefix> RouteKeeper::next_to_review(const AllowedIpIndex& device) const {
  const std::optional<IpPrefix> owned = device.next_after(review_.last);
  const std::map<IpPrefix, std::uint64_t>::const_iterator route =
      review_.last ? present_.upper_bound(*review_.last) : present_.begin();
  if (route == present_.end()) return owned;
  return owned ? std::min(*owned, route->first) : route->first;
}

std::vector<PrefixState> RouteKeeper::take_batch(const AllowedIpIndex& device,
                                                 const HolderOf& holder_of) {
  std::set<IpPrefix> prefixes; // what has changed may be reviewed as well, and is settled once
  while (prefixes.size() < batch) {
    const std::optional<IpPrefix> prefix = next_to_settle(device);
    if (!prefix) break;
    prefixes.insert(*prefix);
  }
  std::vector<PrefixState> states;
  for (const IpPrefix& prefix : prefixes) {
    PrefixState state{
        .prefix = prefix, .holder = options_.without_peer, .has_route = present_.contains(prefix)};
    if (const std::optional<PublicKey> owner = device.owner_of(prefix))
      state.holder = holder_of(prefix, *owner);
    const bool may_come = state.holder == PrefixHolder::ours && !state.has_route;
    state.holds_endpoint = may_come && options_.holds_endpoint && options_.holds_endpoint(prefix);
    states.push_back(state);
  }
  return states;
}

void RouteKeeper::settle(const std::vector<PrefixState>& prefixes, Outcome& outcome) {
  const RoutePlan plan = plan_routes(prefixes, scope_);
  const std::vector<Status> statuses = routes_->apply(plan.changes);
  for (std::size_t i = 0; i < plan.changes.size(); ++i)
    take_status(plan.changes[i], statuses[i], outcome);
  for (const RefusedRoute& refused : plan.refused) {
    const Cause cause{.code = 0, .refusal = refused.refusal};
    if (std::exchange(failed_[refused.prefix], cause) != cause) outcome.refused.push_back(refused);
  }
  if (failed_.empty()) return;
  // What needs no change has nothing left to fail.
  for (const PrefixState& state : prefixes) {
    const bool is_planned =
        std::ranges::count(plan.changes, state.prefix, &kernel::RouteChange::prefix) > 0 ||
        std::ranges::count(plan.refused, state.prefix, &RefusedRoute::prefix) > 0;
    if (!is_planned) failed_.erase(state.prefix);
  }
}

void RouteKeeper::take_status(const kernel::RouteChange& change, const Status& status,
                              Outcome& outcome) {
  if (!status) {
    if (status.error().code() == ENODEV) return; // all of them are gone with the interface
    ++outcome.failures;
    const Cause cause{.code = status.error().code()};
    if (std::exchange(failed_[change.prefix], cause) != cause)
      outcome.faults.push_back({.prefix = change.prefix, .error = status.error()});
    return;
  }
  failed_.erase(change.prefix);
  if (change.action == kernel::RouteChange::Action::add)
    present_.insert_or_assign(change.prefix, listing_);
  else
    present_.erase(change.prefix);
}

} // namespace provisiond::install
