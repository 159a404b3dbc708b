#include "base/fault_point.hpp"
#include "flow/flow.hpp"

#include <algorithm>
#include <utility>

// How peers leave a device.

namespace provisiond::flow {

namespace {

// Taken off in one turn of the loop: a device works them off in about a millisecond, and locks out
// whoever else configures it meanwhile (rtnl).
constexpr std::size_t most_departures = 256;

// Who is back within this time was evicted in vain.
constexpr Duration regret_window = std::chrono::minutes{10};

} // namespace

bool Flow::has_departures() const {
  return std::ranges::any_of(wiring_.interfaces, [](const Interface& interface) {
    return !interface.departures.empty() || !interface.removal.is_over();
  });
}

void Flow::depart(Interface& interface, const PublicKey& key, Peer& peer, Eviction reason) {
  if (peer.stage != PeerStage::leaving) interface.peers.advance(peer, PeerStage::leaving);
  peer.leaves_for = reason;
  interface.departures.push_back({.key = key, .reason = reason});
}

// Some of those who are to leave, in one batch.
void Flow::take_off(Interface& interface, const Instant& now) {
  gather_departures(interface);
  std::vector<kernel::PeerChange> changes;
  const std::size_t most = std::min(interface.departures.size(), 4 * most_departures);
  for (std::size_t i = 0; i < most && changes.size() < most_departures; ++i) {
    const Departure departure = interface.departures.front();
    interface.departures.pop_front();
    const Peer* const peer = interface.peers.find(departure.key);
    if (peer == nullptr || peer->stage != PeerStage::leaving) continue; // gone, or back in time
    kernel::PeerChange& change = changes.emplace_back();
    change.action = kernel::PeerChange::Action::remove;
    change.key = departure.key;
    drop(interface, departure.key, Refusal::revoked);
    if (departure.reason == Eviction::idle || departure.reason == Eviction::over_limit)
      evicted_.touch({.interface = interface.id, .key = departure.key}, now.steady) = now.steady;
    report_.evicted(interface, departure.key, departure.reason);
  }
  if (!changes.empty()) fault_point("before-eviction");
  apply(interface, changes);
}

// Where everybody of ours is to leave: the next ones.
void Flow::gather_departures(Interface& interface) {
  if (interface.removal.is_over() || interface.departures.size() >= most_departures) return;
  std::vector<PublicKey> ours;
  for (const PeerTable::Entries::value_type* entry :
       interface.peers.step(interface.removal, most_departures))
    if (entry->second.owner == Owner::ours) ours.push_back(entry->first);
  for (const PublicKey& key : ours) {
    Peer& peer = *interface.peers.find(key);
    if (PeerTable::is_settled(peer.stage))
      depart(interface, key, peer, Eviction::stale);
    else
      remove(interface, key, to_string(Eviction::stale));
  }
}

// A place for one more.
bool Flow::make_room(Interface& interface, const Instant& now) {
  while (interface.peers.size() >= interface.max_peers && !interface.spare.empty()) {
    const PublicKey key = interface.spare.back();
    interface.spare.pop_back();
    Peer* const peer = interface.peers.find(key);
    if (peer == nullptr || peer->stage != PeerStage::idle) continue;
    depart(interface, key, *peer, Eviction::over_limit);
    take_off(interface, now);
  }
  return interface.peers.size() < interface.max_peers;
}

// It is on the device again.
void Flow::note_return(const Interface& interface, const PublicKey& key, const Instant& now) {
  const PeerId id{.interface = interface.id, .key = key};
  const TimePoint* const evicted_at = evicted_.find(id);
  if (evicted_at == nullptr) return;
  if (now.steady - *evicted_at < regret_window) wiring_.metrics.evictions_regretted.add();
  evicted_.erase(id);
}

// Takes a peer off its device at once: the device forgets its sessions with it.
void Flow::remove(Interface& interface, const PublicKey& key, std::string_view reason,
                  Refusal unconnected) {
  std::vector<kernel::PeerChange> changes(1);
  changes.front().action = kernel::PeerChange::Action::remove;
  changes.front().key = key;
  apply(interface, changes);
  drop(interface, key, unconnected);
  report_.removed(interface, key, reason);
}

// It is not on the device any more. If it was still being greeted, its sighting ends here.
void Flow::drop(Interface& interface, const PublicKey& key, Refusal unconnected) {
  const PeerId id{.interface = interface.id, .key = key};
  interface.allowed_ips.remove(key);
  interface.peers.erase(key);
  if (interface.inspection.shows_the_past()) interface.inspection.departed.insert(key);
  wiring_.roster.with([&](admit::Roster& roster) { roster.remove(id); });
  const GreetedPeers::node_type greeted = greeted_.extract(id);
  if (!greeted.empty()) refuse(greeted.mapped().sighting, unconnected, key, wiring_.clock());
  std::erase_if(interface.updates,
                [&](const kernel::PeerChange& change) { return change.key == key; });
}

void Flow::forget(Interface& interface) {
  std::erase_if(greeted_, [&](const GreetedPeers::value_type& entry) {
    if (entry.first.interface != interface.id) return false;
    refuse(entry.second.sighting, Refusal::interface_gone, entry.first.key, wiring_.clock());
    return true;
  });
  planned_.erase(interface.id);
  interface.allowed_ips.clear();
  interface.known = Interface::Known::none;
  interface.peers.clear();
  interface.inspection = {};
  interface.recheck = {};
  interface.removal = {};
  interface.departures.clear();
  interface.updates.clear();
  interface.spare.clear();
  interface.report_due = {};
  wiring_.roster.with([&](admit::Roster& roster) { roster.forget(interface.id); });
  count_peers();
}

} // namespace provisiond::flow
