#include "base/fault_point.hpp"
#include "flow/flow.hpp"
#include "install/plan.hpp"
#include "wire/tai64n.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

// The steps of the flow that touch a device: plan, install, greet, greet again, settle, remove.

namespace provisiond::flow {

namespace {

// What capture saw may still be in the device's queue. If the device initiated before it came to
// it, both ends would drop the other's response, and the client would be without a session until
// its next try, 5 s later. So the device is handed the client's initiation, and initiates when no
// session follows.
//
// A device that may have a session on another gateway is never initiated to: of the initiations
// that it made there only the first is known here, so what was seen may be a recording, and the
// device would follow. What the device of ours answers to a recording nobody can use.
greet::Strategy first_strategy(GreetingMode mode, const Sighting& sighting, bool may_be_elsewhere) {
  if (!sighting.has_initiation()) return greet::Strategy::reverse; // nothing to hand back
  // Handed back to the device's own port it would not be the packet that the redirection knows.
  if (sighting.is_redirected) return greet::Strategy::reverse;
  if (may_be_elsewhere) return greet::Strategy::resubmit;
  const bool has_been_dropped = sighting.seen_by != SourceKind::capture;
  if (mode == GreetingMode::reverse && has_been_dropped) return greet::Strategy::reverse;
  return greet::Strategy::resubmit;
}

// As the database writes it down: what the device of a clock that is ahead says is compared with
// it.
std::optional<Tai64n> credible_initiation(const Sighting& sighting) {
  constexpr Duration most_ahead = std::chrono::seconds{10};
  if (!sighting.timestamp) return std::nullopt;
  return std::min(*sighting.timestamp, wire::to_tai64n(sighting.seen_at_wall + most_ahead));
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
                                  PeerRecord& record, TimePoint asked_at, const Instant& now) {
  const PeerId id{.interface = interface.id, .key = record.key};
  if (!interface.is_present()) return Refusal::interface_gone;
  if (wiring_.roster.with([&](const admit::Roster& roster) { return roster.contains(id); })) {
    return Refusal::already_installed;
  }
  if (!make_room(interface, now)) return Refusal::interface_full;
  if (!make_way(interface, record)) return Refusal::allowed_ip_conflict;
  const bool may_be_elsewhere = record.held_by && record.held_by->gateway != limits_.gateway;
  const greet::Strategy strategy = first_strategy(interface.greeting, sighting, may_be_elsewhere);
  if (strategy == greet::Strategy::reverse &&
      !wiring_.greet_budget.take(sighting.source.address, now.steady)) {
    return Refusal::greet_budget;
  }

  const greet::Manners manners{.key = record.key, .keepalive_seconds = record.keepalive_seconds};
  Planned planned{
      .peer = {.sighting = sighting,
               .manners = manners,
               .strategy = strategy,
               .is_on_trial = record.is_on_trial,
               .falls_back = interface.greeting != GreetingMode::resubmit && !may_be_elsewhere},
      .changes = {},
  };
  planned.changes.push_back(install::plan(record));
  greeting_of(strategy).arrange(sighting, manners, planned.changes);
  planned_[interface.id].push_back(std::move(planned));

  // Taken at once, so that two peers of one batch are held against each other.
  interface.allowed_ips.assign(record.key, record.allowed_ips);
  Peer& peer = interface.peers.add(record.key, PeerStage::installing);
  peer.active_at = now.steady;
  peer.watched_since = now.steady;
  interface.peers.set_endpoint(peer, sighting.source);
  interface.peers.note_changed(peer);
  interface.peers.give_to(peer, Owner::ours);
  peer.follow(record);
  peer.row_asked_at = asked_at;
  peer.initiation = credible_initiation(sighting);
  wiring_.roster.with([&](admit::Roster& roster) { roster.add(id); });
  return std::nullopt;
}

// While a key is rotated, the device has two, and whichever knocked last has its addresses.
bool Flow::make_way(Interface& interface, const PeerRecord& record) {
  while (const std::optional<PublicKey> holder =
             interface.allowed_ips.conflict(record.key, record.allowed_ips)) {
    const Peer* const peer = interface.peers.find(*holder);
    const bool is_same_device = peer != nullptr && peer->row != 0 && peer->row == record.id;
    if (!is_same_device || peer->stage == PeerStage::installing) return false;
    remove(interface, *holder, "key_rotated");
  }
  return true;
}

void Flow::install(Interface& interface, std::vector<Planned> batch, const Instant& now) {
  // Whoever was revoked in the turn in which it was planned.
  std::erase_if(batch, [&](const Planned& planned) {
    const bool is_gone = interface.peers.find(planned.peer.manners.key) == nullptr;
    if (is_gone) refuse(planned.peer.sighting, Refusal::revoked, planned.peer.manners.key, now);
    return is_gone;
  });
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

  report_.device_errors(interface, statuses);
  for (std::size_t i = 0; i < batch.size(); ++i) {
    Planned& planned = batch[i];
    const PublicKey& key = planned.peer.manners.key;
    const Status& status = statuses[first_of[i]];
    if (status) {
      planned.peer.installed_at = done.steady;
      Peer& peer = *interface.peers.find(key);
      interface.peers.advance(peer, PeerStage::greeting);
      peer.installed_at = done.steady;
      note_return(interface, key, done);
      if (planned.peer.is_on_trial)
        report_.installed_on_trial(interface, planned.peer.sighting, key, done.steady);
      else
        report_.installed(interface, planned.peer.sighting, key, done.steady);
      greet(interface, planned, done);
      continue;
    }
    drop(interface, key, Refusal::device_refused);
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
  fault_point("after-greeting");
  if (started) return;
  report_.device_errors(interface, std::span{&started, 1});
  greet_again(interface, peer, now);
}

void Flow::greet_again(Interface& interface, GreetedPeer& peer, const Instant& now) {
  if (peer.greetings >= most_greetings) return;
  if (peer.falls_back && peer.strategy == greet::Strategy::resubmit) {
    if (!wiring_.greet_budget.take(peer.sighting.source.address, now.steady)) {
      peer.greet_again_at = now.steady + limits_.greeting_patience;
      return;
    }
    peer.strategy = greet::Strategy::reverse;
  }
  count_greeting(peer, now);
  std::vector<kernel::PeerChange> changes(1);
  changes.front().action = kernel::PeerChange::Action::update;
  changes.front().key = peer.manners.key;
  greeting_of(peer.strategy).arrange(peer.sighting, peer.manners, changes);
  apply(interface, changes);
  const Status started = greeting_of(peer.strategy).start(peer.sighting);
  if (!started) report_.device_errors(interface, std::span{&started, 1});
}

void Flow::count_greeting(GreetedPeer& peer, const Instant& now) {
  ++peer.greetings;
  peer.greet_again_at = now.steady + limits_.greeting_patience;
  wiring_.metrics.greetings[static_cast<metrics::GreetingKind>(peer.strategy)].add();
}

// It has its first session.
void Flow::settle(Interface& interface, const PublicKey& key, const kernel::PeerState& state,
                  const Instant& now) {
  Peer& peer = *interface.peers.find(key);
  interface.peers.advance(peer, PeerStage::live);
  if (state.endpoint) peer.home = state.endpoint->address;
  const GreetedPeers::node_type node = greeted_.extract({.interface = interface.id, .key = key});
  if (node.empty()) return;
  const GreetedPeer& greeted = node.mapped();
  const Duration latency = std::chrono::duration_cast<Duration>(
      std::max(state.last_handshake, greeted.sighting.seen_at_wall) -
      greeted.sighting.seen_at_wall);
  report_.connected(interface, greeted.sighting, key, latency);
  std::vector<kernel::PeerChange> changes;
  greeting_of(greeted.strategy).settle(greeted.manners, changes);
  if (changes.empty() && state.keepalive_seconds != greeted.manners.keepalive_seconds) {
    kernel::PeerChange& change = changes.emplace_back(); // its row has changed meanwhile
    change.action = kernel::PeerChange::Action::update;
    change.key = key;
    change.keepalive_seconds = greeted.manners.keepalive_seconds;
  }
  apply(interface, changes);
  fault_point("after-session");
  if (greeted.is_on_trial)
    enrol(interface, key, now);
  else
    claim_session(interface, key, peer);
}

// The session is here now: whoever else has one with this device is to drop it.
void Flow::claim_session(const Interface& interface, const PublicKey& key, const Peer& peer) {
  static_cast<void>(wiring_.reports.push(SessionClaim{.interface = interface.id,
                                                      .name = interface.name,
                                                      .key = key,
                                                      .initiation = peer.initiation,
                                                      .at = peer.handshake_at(wiring_.clock())}));
}

void Flow::remove_never_connected(Interface& interface, const std::vector<PublicKey>& due,
                                  const Instant& now) {
  std::vector<kernel::PeerChange> changes;
  for (const PublicKey& key : due) {
    const PeerId id{.interface = interface.id, .key = key};
    const GreetedPeers::node_type node = greeted_.extract(id);
    const Refusal refusal =
        node.mapped().is_on_trial ? Refusal::trial_failed : Refusal::never_connected;
    // Nobody can have a key remembered by claiming it.
    if (refusal == Refusal::trial_failed && node.mapped().sighting.has_initiation()) {
      remember(id, refusal, now);
      record(node.mapped().sighting, key, refusal);
    }
    refuse(node.mapped().sighting, refusal, key, now);
    kernel::PeerChange& change = changes.emplace_back();
    change.action = kernel::PeerChange::Action::remove;
    change.key = key;
    drop(interface, key, refusal);
  }
  apply(interface, changes);
  wiring_.metrics.peers_removed.add(due.size());
}

void Flow::apply(Interface& interface, std::span<const kernel::PeerChange> changes) {
  if (changes.empty() || !interface.is_present()) return;
  report_.device_errors(interface, interface.device->apply(changes));
}

} // namespace provisiond::flow
