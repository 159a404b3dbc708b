#include "base/fault_point.hpp"
#include "flow/flow.hpp"
#include "install/plan.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

// The steps of the flow that touch a device: plan, install, greet, greet again, settle, remove.

namespace provisiond::flow {

namespace {

greet::Strategy first_strategy(GreetingMode mode) {
  return mode == GreetingMode::reverse ? greet::Strategy::reverse : greet::Strategy::resubmit;
}

bool means_gone(const Error& error) {
  return error.code() == ENODEV || error.code() == ENOENT || error.code() == ECONNREFUSED;
}

} // namespace

greet::Greeting& Flow::greeting_of(greet::Strategy strategy) {
  if (strategy == greet::Strategy::reverse) return reverse_;
  return resubmit_;
}

std::optional<Refusal> Flow::plan(Interface& interface, const Sighting& sighting,
                                  PeerRecord& record, const Instant& now) {
  const PeerId id{.interface = interface.id, .key = record.key};
  if (!interface.is_present()) return Refusal::interface_gone;
  if (wiring_.roster.with([&](const admit::Roster& roster) { return roster.contains(id); })) {
    return Refusal::already_installed;
  }
  if (interface.peers >= interface.max_peers) return Refusal::interface_full;
  if (interface.allowed_ips.conflict(record.key, record.allowed_ips)) {
    return Refusal::allowed_ip_conflict;
  }
  const greet::Strategy strategy = first_strategy(interface.greeting);
  if (strategy == greet::Strategy::reverse &&
      !wiring_.greet_budget.take(sighting.source.address, now.steady)) {
    return Refusal::greet_budget;
  }

  const greet::Manners manners{.key = record.key, .keepalive_seconds = record.keepalive_seconds};
  Planned planned{
      .peer = {.sighting = sighting,
               .manners = manners,
               .strategy = strategy,
               .falls_back = interface.greeting == GreetingMode::automatic},
      .changes = {},
  };
  planned.changes.push_back(install::plan(record));
  greeting_of(strategy).arrange(sighting, manners, planned.changes);
  planned_[interface.id].push_back(std::move(planned));

  // Taken at once, so that two peers of one batch are held against each other.
  interface.allowed_ips.assign(record.key, record.allowed_ips);
  ++interface.peers;
  wiring_.roster.with([&](admit::Roster& roster) { roster.add(id); });
  return std::nullopt;
}

void Flow::install(Interface& interface, std::vector<Planned> batch, const Instant& now) {
  std::vector<kernel::PeerChange> changes;
  std::vector<std::size_t> first_of; // index of each peer's first change
  for (Planned& planned : batch) {
    first_of.push_back(changes.size());
    std::move(planned.changes.begin(), planned.changes.end(), std::back_inserter(changes));
  }
  fault_point("after-lookup");
  std::vector<Status> statuses(changes.size(), fail(Error{"no device", ENODEV}));
  if (interface.is_present()) statuses = interface.device->apply(changes);
  fault_point("after-install");
  const Instant done = wiring_.clock();
  wiring_.metrics.install_duration.observe(done.steady - now.steady);

  for (std::size_t i = 0; i < batch.size(); ++i) {
    Planned& planned = batch[i];
    const PublicKey& key = planned.peer.manners.key;
    const Status& status = statuses[first_of[i]];
    if (status) {
      planned.peer.installed_at = done.steady;
      report_.installed(interface, planned.peer.sighting, key, done.steady);
      greet(interface, planned, done);
      continue;
    }
    report_.device_error(interface, status.error().message());
    interface.allowed_ips.remove(key);
    if (interface.peers > 0) --interface.peers;
    wiring_.roster.with(
        [&](admit::Roster& roster) { roster.remove({.interface = interface.id, .key = key}); });
    const Refusal refusal =
        means_gone(status.error()) ? Refusal::interface_gone : Refusal::device_refused;
    refuse(planned.peer.sighting, refusal, key, done);
  }
}

void Flow::greet(Interface& interface, const Planned& planned, const Instant& now) {
  const PeerId id{.interface = interface.id, .key = planned.peer.manners.key};
  GreetedPeer& peer = greeted_.insert_or_assign(id, planned.peer).first->second;
  count_greeting(peer, now);
  const Status started = greeting_of(peer.strategy).start(peer.sighting);
  if (started) return;
  report_.device_error(interface, started.error().message());
  peer.greet_again_at = now.steady;
  greet_again(interface, peer, now);
}

void Flow::greet_again(Interface& interface, GreetedPeer& peer, const Instant& now) {
  if (peer.greetings >= most_greetings || now.steady < peer.greet_again_at) return;
  if (peer.falls_back && peer.strategy == greet::Strategy::resubmit) {
    if (!wiring_.greet_budget.take(peer.sighting.source.address, now.steady)) return;
    peer.strategy = greet::Strategy::reverse;
  }
  count_greeting(peer, now);
  std::vector<kernel::PeerChange> changes(1);
  changes.front().action = kernel::PeerChange::Action::update;
  changes.front().key = peer.manners.key;
  greeting_of(peer.strategy).arrange(peer.sighting, peer.manners, changes);
  apply(interface, changes);
  const Status started = greeting_of(peer.strategy).start(peer.sighting);
  if (!started) report_.device_error(interface, started.error().message());
}

void Flow::count_greeting(GreetedPeer& peer, const Instant& now) {
  ++peer.greetings;
  peer.greet_again_at = now.steady + limits_.greeting_patience;
  wiring_.metrics.greetings[static_cast<metrics::GreetingKind>(peer.strategy)].add();
}

void Flow::settle(Interface& interface, const GreetedPeer& peer, WallTime handshake) {
  const Duration latency = std::chrono::duration_cast<Duration>(
      std::max(handshake, peer.sighting.seen_at_wall) - peer.sighting.seen_at_wall);
  report_.connected(interface, peer.sighting, peer.manners.key, latency);
  std::vector<kernel::PeerChange> changes;
  greeting_of(peer.strategy).settle(peer.manners, changes);
  apply(interface, changes);
}

void Flow::remove_never_connected(Interface& interface, const std::vector<PeerId>& due,
                                  const Instant& now) {
  std::vector<kernel::PeerChange> changes;
  for (const PeerId& id : due) {
    const GreetedPeers::node_type node = greeted_.extract(id);
    refuse(node.mapped().sighting, Refusal::never_connected, id.key, now);
    kernel::PeerChange& change = changes.emplace_back();
    change.action = kernel::PeerChange::Action::remove;
    change.key = id.key;
    interface.allowed_ips.remove(id.key);
    if (interface.peers > 0) --interface.peers;
    wiring_.roster.with([&](admit::Roster& roster) { roster.remove(id); });
  }
  apply(interface, changes);
  wiring_.metrics.peers_removed.add(due.size());
}

void Flow::apply(Interface& interface, std::span<const kernel::PeerChange> changes) {
  if (changes.empty() || !interface.is_present()) return;
  for (const Status& status : interface.device->apply(changes)) {
    if (!status) report_.device_error(interface, status.error().message());
  }
}

void Flow::forget(Interface& interface) {
  std::erase_if(greeted_, [&](const GreetedPeers::value_type& entry) {
    return entry.first.interface == interface.id;
  });
  planned_.erase(interface.id);
  interface.allowed_ips.replace({});
  interface.peers = 0;
  wiring_.roster.with([&](admit::Roster& roster) { roster.replace(interface.id, {}); });
}

} // namespace provisiond::flow
