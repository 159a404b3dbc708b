#include "daemon/routing.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>

namespace provisiond::daemon {

namespace {

constexpr Rate lines_of_faults{10, 20};

constexpr std::size_t reviewed_per_step = 256;
constexpr int most_rounds =
    3; // to notice what is in the way, to take it away, to put the other there

install::PrefixHolder holder_of(const flow::Interface& interface, const PublicKey& key) {
  const peers::Peer* const peer = interface.peers.table().find(key);
  if (peer == nullptr || peer->owner == peers::Owner::foreign) return install::PrefixHolder::nobody;
  return peer->owner == peers::Owner::ours ? install::PrefixHolder::ours
                                           : install::PrefixHolder::unasked;
}

std::string_view words_for(bool is_taken, bool is_other_network) {
  if (!is_taken) return "route not as it should be, trying again at the next pass";
  if (is_other_network)
    return "route of another network's interface in the way, it stays; give them tables of their "
           "own";
  return "route of somebody else in the way, it stays; remove it and the peer gets its own";
}

} // namespace

Routing::Routing(const Wiring& wiring, const std::vector<std::optional<Order>>& orders,
                 Duration interval)
    : wiring_{wiring}, interval_{interval} {
  std::vector<IpPrefix> within;
  for (flow::Interface& interface : wiring_.interfaces) {
    const std::optional<Order>& order = orders[interface.id.value];
    if (!order) continue;
    within.insert(within.end(), order->within.begin(), order->within.end());
    interface.peers.allowed_ips().remember_changes();
    tracking_.push_back(Tracking{.interface = interface.id,
                                 .order = *order,
                                 .ifindex = 0,
                                 .known = flow::Interface::Known::none,
                                 .keeper = nullptr,
                                 .last_problem = {},
                                 .yielded = {},
                                 .waiting = {},
                                 .reviewed = {}});
  }
  for (flow::Interface& interface : wiring_.interfaces)
    interface.peers.table().remember_endpoints(within);
}

void Routing::step(TimePoint now) {
  if (!is_on()) return;
  int rounds = 0;
  do {
    has_arranged_ = false;
    for (Tracking& tracking : tracking_)
      step(tracking, now);
  } while (has_arranged_ && ++rounds < most_rounds);
  std::size_t routes = 0;
  for (const Tracking& tracking : tracking_)
    if (tracking.keeper) routes += tracking.keeper->size();
  wiring_.metrics.routes.set(static_cast<std::int64_t>(routes));
}

void Routing::step(Tracking& tracking, TimePoint now) {
  flow::Interface& interface = wiring_.interfaces[tracking.interface.value];
  const std::vector<IpPrefix> changed = interface.peers.allowed_ips().take_changes();
  // Before the first pass nothing is known of what the routes are for.
  using Known = flow::Interface::Known;
  const Known known = interface.is_present() ? interface.known : Known::none;
  const std::uint32_t ifindex = known != Known::none ? interface.ifindex : std::uint32_t{0};
  // With all peers known, a keeper begins that takes off the routes which have none.
  const bool is_same_interface = std::exchange(tracking.ifindex, ifindex) == ifindex;
  const bool is_as_known = std::exchange(tracking.known, known) == known;
  if (!is_same_interface || !is_as_known) {
    tracking.keeper.reset();
    tracking.yielded.clear();
    tracking.waiting.clear();
  }
  const std::optional<std::vector<IpAddress>> database = wiring_.database_addresses();
  if (ifindex == 0 || !database || (!tracking.keeper && !open(interface, tracking))) return;

  tracking.keeper->keep_out(*database);
  tracking.keeper->note(changed);
  review(tracking);
  const install::RouteKeeper::Outcome outcome = tracking.keeper->step(
      interface.peers.allowed_ips(),
      [&](const IpPrefix& prefix, const PublicKey& key) {
        return tracking.yielded.contains(prefix) ? install::PrefixHolder::nobody
                                                 : holder_of(interface, key);
      },
      now);
  report(interface, tracking, outcome, now);
}

// What was yielded comes back when the other has left or was active before, and is forgotten when
// its peer has left.
void Routing::review(Tracking& tracking) {
  if (!tracking.waiting.empty() && are_others_known(tracking)) {
    for (const IpPrefix& prefix : std::exchange(tracking.waiting, {}))
      tracking.keeper->retry(prefix);
  }
  std::set<IpPrefix>::iterator next = tracking.reviewed
                                          ? tracking.yielded.upper_bound(*tracking.reviewed)
                                          : tracking.yielded.begin();
  for (std::size_t i = 0; i < reviewed_per_step && next != tracking.yielded.end(); ++i) {
    tracking.reviewed = *next;
    if (is_beaten(tracking, *next)) {
      ++next;
      continue;
    }
    next = tracking.yielded.erase(next);
    tracking.keeper->retry(*tracking.reviewed);
  }
  if (next == tracking.yielded.end()) tracking.reviewed.reset();
}

// A route of another keeper in the way: one of the two peers gets it.
Routing::InTheWay Routing::arrange(Tracking& tracking, const IpPrefix& prefix) {
  if (!are_others_known(tracking)) {
    tracking.waiting.insert(prefix);
    return InTheWay::arranged;
  }
  for (Tracking& other : tracking_) {
    if (!is_beside(tracking, other) || !other.keeper || !other.keeper->has_route(prefix)) continue;
    const flow::Interface& one = wiring_.interfaces[tracking.interface.value];
    if (one.network != wiring_.interfaces[other.interface.value].network)
      return InTheWay::other_network;
    if (holder(other, prefix) != nullptr) {
      const bool is_later = is_beaten(tracking, prefix);
      (is_later ? tracking : other).yielded.insert(prefix);
    }
    other.keeper->retry(prefix);
    tracking.keeper->retry(prefix);
    has_arranged_ = true;
    return InTheWay::arranged;
  }
  return InTheWay::someone;
}

// None where it is nobody's, or somebody else's.
const peers::Peer* Routing::holder(const Tracking& tracking, const IpPrefix& prefix) const {
  const flow::Interface& interface = wiring_.interfaces[tracking.interface.value];
  const std::optional<PublicKey> key = interface.peers.allowed_ips().owner_of(prefix);
  const peers::Peer* const peer = key ? interface.peers.table().find(*key) : nullptr;
  return peer != nullptr && peer->owner != peers::Owner::foreign ? peer : nullptr;
}

// Another interface of the network has a claim to the route, and its peer was active later.
bool Routing::is_beaten(const Tracking& tracking, const IpPrefix& prefix) const {
  const peers::Peer* const mine = holder(tracking, prefix);
  const std::string& network = wiring_.interfaces[tracking.interface.value].network;
  return mine != nullptr && std::ranges::any_of(tracking_, [&](const Tracking& other) {
           if (!is_beside(tracking, other) || !other.keeper || other.yielded.contains(prefix) ||
               wiring_.interfaces[other.interface.value].network != network)
             return false;
           const peers::Peer* const theirs = holder(other, prefix);
           return theirs != nullptr && theirs->active_at > mine->active_at;
         });
}

bool Routing::are_others_known(const Tracking& tracking) const {
  return std::ranges::all_of(tracking_, [&](const Tracking& other) {
    return !is_beside(tracking, other) || !wiring_.interfaces[other.interface.value].is_present() ||
           (other.keeper && other.keeper->has_listed());
  });
}

bool Routing::is_beside(const Tracking& tracking, const Tracking& other) const {
  return &tracking != &other && tracking.order.table == other.order.table;
}

bool Routing::open(const flow::Interface& interface, Tracking& tracking) {
  Result<std::unique_ptr<kernel::Routes>> routes =
      wiring_.open_routes({.ifindex = tracking.ifindex, .table = tracking.order.table});
  if (!routes) {
    problem(interface, tracking, routes.error());
    return false;
  }
  const install::PrefixHolder without_peer = tracking.known == flow::Interface::Known::all
                                                 ? install::PrefixHolder::nobody
                                                 : install::PrefixHolder::unasked;
  const auto is_sibling = [this, &interface](std::uint32_t ifindex) {
    return is_of_network(ifindex, interface.network);
  };
  const auto holds_endpoint = [this](const IpPrefix& prefix) {
    return std::ranges::any_of(wiring_.interfaces, [&](const flow::Interface& each) {
      return each.peers.table().has_endpoint_in(prefix);
    });
  };
  tracking.keeper = std::make_unique<install::RouteKeeper>(
      std::move(*routes), install::RouteKeeper::Options{.ifindex = tracking.ifindex,
                                                        .table = tracking.order.table,
                                                        .interval = interval_,
                                                        .without_peer = without_peer,
                                                        .within = tracking.order.within,
                                                        .is_sibling = is_sibling,
                                                        .holds_endpoint = holds_endpoint});
  return true;
}

bool Routing::is_of_network(std::uint32_t ifindex, const std::string& network) const {
  return std::ranges::any_of(wiring_.interfaces, [&](const flow::Interface& each) {
    return each.network == network && each.ifindex == ifindex;
  });
}

void Routing::hurry() {
  for (Tracking& tracking : tracking_)
    if (tracking.keeper) tracking.keeper->hurry();
}

bool Routing::has_work() const {
  return std::ranges::any_of(tracking_, [](const Tracking& tracking) {
    return tracking.keeper && tracking.keeper->has_work();
  });
}

void Routing::report(const flow::Interface& interface, Tracking& tracking,
                     const install::RouteKeeper::Outcome& outcome, TimePoint now) {
  wiring_.metrics.route_errors.add(outcome.failures - outcome.faults.size());
  for (const install::RouteKeeper::Fault& fault : outcome.faults)
    report(interface, tracking, fault, now);
  for (const install::RefusedRoute& refused : outcome.refused)
    report(interface, tracking, refused, now);
  if (!outcome.listing)
    problem(interface, tracking, outcome.listing.error());
  else
    tracking.last_problem.clear();
}

void Routing::report(const flow::Interface& interface, Tracking& tracking,
                     const install::RouteKeeper::Fault& fault, TimePoint now) {
  const bool is_taken = fault.error.code() == EEXIST;
  const InTheWay whose = is_taken ? arrange(tracking, fault.prefix) : InTheWay::someone;
  if (whose == InTheWay::arranged) return;
  wiring_.metrics.route_errors.add();
  if (!lines_.take(lines_of_faults, now)) return wiring_.metrics.log_lines_suppressed.add();
  log::warning(words_for(is_taken, whose == InTheWay::other_network),
               {{"interface", interface.name},
                {"prefix", fault.prefix.to_string()},
                {"table", std::to_string(tracking.order.table)},
                {"error", fault.error.message()}});
}

void Routing::report(const flow::Interface& interface, const Tracking& tracking,
                     const install::RefusedRoute& refused, TimePoint now) {
  wiring_.metrics.routes_refused.add();
  if (!lines_.take(lines_of_faults, now)) return wiring_.metrics.log_lines_suppressed.add();
  const std::optional<PublicKey> key = interface.peers.allowed_ips().owner_of(refused.prefix);
  log::warning("route refused", {{"interface", interface.name},
                                 {"prefix", refused.prefix.to_string()},
                                 {"table", std::to_string(tracking.order.table)},
                                 {"key", key ? key->to_string() : std::string{}},
                                 {"reason", std::string{words_for(refused.refusal)}}});
}

void Routing::problem(const flow::Interface& interface, Tracking& tracking, const Error& error) {
  wiring_.metrics.route_errors.add();
  if (error.message() == tracking.last_problem) return;
  tracking.last_problem = error.message();
  log::warning("cannot keep routes, trying again",
               {{"interface", interface.name}, {"error", error.message()}});
}

} // namespace provisiond::daemon
