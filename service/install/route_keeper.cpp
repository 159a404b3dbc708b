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

RouteKeeper::RouteKeeper(std::unique_ptr<kernel::Routes> routes, std::uint32_t table,
                         Duration interval, PrefixHolder without_peer)
    : routes_{std::move(routes)}, scope_{.subnets = {}, .table = table}, interval_{interval},
      without_peer_{without_peer} {}

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
  std::vector<IpPrefix> routes;
  const Result<kernel::Routes::Listing> part = routes_->list(routes);
  for (const IpPrefix& route : routes) {
    const bool is_new = present_.insert_or_assign(route, listing_).second;
    if (is_new && has_listed_) to_settle_.insert(route); // before, the review meets it
  }
  if (part && *part == kernel::Routes::Listing::goes_on) return {};
  Status ended = part ? end_listing(now) : fail(part.error());
  if (ended) return ended;
  stage_ = Stage::settle;
  listing_due_ = now + std::min(interval_, retry_pause);
  return ended;
}

// It is complete: what is present and was not told is not there any more.
Status RouteKeeper::end_listing(TimePoint now) {
  Result<std::vector<IpPrefix>> subnets = routes_->subnets();
  if (!subnets) return fail(subnets.error());
  std::ranges::sort(*subnets);
  // What has failed may work now; a review comes by it.
  if (!has_listed_ || *subnets != scope_.subnets)
    review_ = {.is_under_way = true};
  else
    retry_ = {.is_under_way = !failed_.empty()};
  scope_.subnets = std::move(*subnets);
  sweep_from_.reset();
  stage_ = Stage::sweep;
  listing_due_ = now + interval_;
  has_listed_ = true;
  return {};
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
  const std::map<IpPrefix, int>::const_iterator failure =
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
    PrefixHolder holder = without_peer_;
    if (const std::optional<PublicKey> owner = device.owner_of(prefix))
      holder = holder_of(prefix, *owner);
    states.push_back({.prefix = prefix, .holder = holder, .has_route = present_.contains(prefix)});
  }
  return states;
}

void RouteKeeper::settle(const std::vector<PrefixState>& prefixes, Outcome& outcome) {
  const std::vector<kernel::RouteChange> changes = plan_routes(prefixes, scope_);
  const std::vector<Status> statuses = routes_->apply(changes);
  for (std::size_t i = 0; i < changes.size(); ++i)
    take_status(changes[i], statuses[i], outcome);
  if (failed_.empty()) return;
  // What needs no change has nothing left to fail.
  for (const PrefixState& state : prefixes) {
    const bool is_planned = std::ranges::any_of(
        changes, [&](const kernel::RouteChange& change) { return change.prefix == state.prefix; });
    if (!is_planned) failed_.erase(state.prefix);
  }
}

void RouteKeeper::take_status(const kernel::RouteChange& change, const Status& status,
                              Outcome& outcome) {
  if (!status) {
    if (status.error().code() == ENODEV) return; // all of them are gone with the interface
    ++outcome.failures;
    const int code = status.error().code();
    if (std::exchange(failed_[change.prefix], code) != code)
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
