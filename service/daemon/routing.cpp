#include "daemon/routing.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace provisiond::daemon {

namespace {

constexpr Rate lines_of_faults{10, 20};

install::PrefixHolder holder_of(const flow::Interface& interface, const PublicKey& key) {
  const flow::Peer* const peer = interface.peers.find(key);
  if (peer == nullptr || peer->owner == flow::Owner::foreign) return install::PrefixHolder::nobody;
  return peer->owner == flow::Owner::ours ? install::PrefixHolder::ours
                                          : install::PrefixHolder::unasked;
}

} // namespace

Routing::Routing(const Wiring& wiring, const std::vector<std::optional<std::uint32_t>>& tables,
                 Duration interval)
    : wiring_{wiring}, interval_{interval} {
  for (flow::Interface& interface : wiring_.interfaces) {
    const std::optional<std::uint32_t>& table = tables[interface.id.value];
    if (!table) continue;
    interface.allowed_ips.remember_changes();
    tracking_.push_back(Tracking{.interface = interface.id,
                                 .table = *table,
                                 .ifindex = 0,
                                 .keeper = nullptr,
                                 .last_problem = {}});
  }
}

void Routing::step(TimePoint now) {
  if (!is_on()) return;
  std::size_t routes = 0;
  for (Tracking& tracking : tracking_) {
    step(tracking, now);
    if (tracking.keeper) routes += tracking.keeper->size();
  }
  wiring_.metrics.routes.set(static_cast<std::int64_t>(routes));
}

void Routing::step(Tracking& tracking, TimePoint now) {
  flow::Interface& interface = wiring_.interfaces[tracking.interface.value];
  const std::vector<IpPrefix> changed = interface.allowed_ips.take_changes();
  // Before the first pass nobody knows which routes have no peer any more.
  const bool is_known = interface.is_present() && interface.seen_whole_at.has_value();
  const std::uint32_t ifindex =
      is_known ? wiring_.ifindex_of(tracking.interface) : std::uint32_t{0};
  if (std::exchange(tracking.ifindex, ifindex) != ifindex) tracking.keeper.reset();
  if (ifindex == 0 || (!tracking.keeper && !open(interface, tracking))) return;

  tracking.keeper->note(changed);
  const install::RouteKeeper::Outcome outcome = tracking.keeper->step(
      interface.allowed_ips, [&](const PublicKey& key) { return holder_of(interface, key); }, now);
  report(interface, tracking, outcome, now);
}

bool Routing::open(const flow::Interface& interface, Tracking& tracking) {
  Result<std::unique_ptr<kernel::Routes>> routes =
      wiring_.open_routes({.ifindex = tracking.ifindex, .table = tracking.table});
  if (!routes) {
    problem(interface, tracking, routes.error());
    return false;
  }
  tracking.keeper =
      std::make_unique<install::RouteKeeper>(std::move(*routes), tracking.table, interval_);
  return true;
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
  wiring_.metrics.route_errors.add(outcome.failures);
  for (const install::RouteKeeper::Fault& fault : outcome.faults)
    report(interface, tracking, fault, now);
  if (!outcome.listing)
    problem(interface, tracking, outcome.listing.error());
  else
    tracking.last_problem.clear();
}

void Routing::report(const flow::Interface& interface, const Tracking& tracking,
                     const install::RouteKeeper::Fault& fault, TimePoint now) {
  if (!lines_.take(lines_of_faults, now)) return wiring_.metrics.log_lines_suppressed.add();
  const bool is_in_the_way = fault.error.code() == EEXIST;
  log::warning(
      is_in_the_way
          ? "route of somebody else in the way, it stays; remove it and the peer gets its own"
          : "route not as it should be, trying again at the next pass",
      {{"interface", interface.name},
       {"prefix", fault.prefix.to_string()},
       {"table", std::to_string(tracking.table)},
       {"error", fault.error.message()}});
}

void Routing::problem(const flow::Interface& interface, Tracking& tracking, const Error& error) {
  wiring_.metrics.route_errors.add();
  if (error.message() == tracking.last_problem) return;
  tracking.last_problem = error.message();
  log::warning("cannot keep routes, trying again",
               {{"interface", interface.name}, {"error", error.message()}});
}

} // namespace provisiond::daemon
