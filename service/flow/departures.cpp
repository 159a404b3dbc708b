#include "flow/departures.hpp"

#include <algorithm>
#include <optional>
#include <vector>

namespace provisiond::flow {

namespace {

// Evicted in one turn, at most.
constexpr std::size_t most_at_once = 256;

} // namespace

void Departures::evict(Interface& interface, const PublicKey& key, peers::Peer& peer,
                       Eviction reason) {
  if (interface.is_dry_run) return foretell(interface, key, to_string(reason));
  interface.peers.evict(key, peer, peers::Departure::of(reason));
}

void Departures::remove(Interface& interface, const PublicKey& key,
                        const peers::Departure& departure, Refusal unconnected) {
  if (interface.is_dry_run) return foretell(interface, key, departure.reason);
  interface.peers.remove(key, departure);
  end_greeting(interface, key, unconnected);
}

// Once, by its first reason: the peer stays, and is found again by every pass.
void Departures::foretell(Interface& interface, const PublicKey& key, std::string_view reason) {
  peers::Peer* const peer = interface.peers.table().find(key);
  if (peer == nullptr || !peer->would_leave_as.empty()) return;
  peer->would_leave_as = reason;
  context_.report.would_be_removed(interface, key, reason);
}

void Departures::note_gone(Interface& interface, const PublicKey& key) {
  if (!interface.peers.note_gone(key)) return;
  end_greeting(interface, key, Refusal::never_connected);
  context_.report.gone(interface, key);
}

void Departures::removed(Interface& interface, const PublicKey& key,
                         const peers::Departure& departure, const Instant& now) {
  const PeerId id{.interface = interface.id, .key = key};
  if (interface.inspection.shows_the_past()) interface.inspection.departed.insert(id);
  if (departure.is_reversible()) context_.recent_evictions.note(id, now.steady);
  if (departure.log == peers::Departure::Log::line)
    context_.last_words.note(id, "removed", departure.reason, now.steady);
  if (departure.eviction)
    context_.report.evicted(interface, key, *departure.eviction);
  else if (departure.log == peers::Departure::Log::line)
    context_.report.removed(interface, key, departure.reason);
  else if (departure.log == peers::Departure::Log::count)
    context_.wiring.metrics.peers_removed.add();
}

void Departures::end_greeting(const Interface& interface, const PublicKey& key,
                              Refusal unconnected) {
  const std::optional<greet::GreetedPeer> greeted =
      context_.greetings.end({.interface = interface.id, .key = key});
  if (greeted) context_.refuse(greeted->sighting, unconnected, key, context_.wiring.clock());
}

bool Departures::evict_for_room(Interface& interface) {
  const peers::PeerTable& table = interface.peers.table();
  while (table.size() - table.handed_over() >= interface.max_peers) {
    const std::optional<PublicKey> key = interface.candidates.next();
    if (!key) return false;
    const peers::Peer* const peer = table.find(*key);
    if (peer == nullptr || peer->stage() != PeerStage::idle) continue;
    interface.peers.remove(*key, peers::Departure::of(Eviction::over_limit));
  }
  return true;
}

void Departures::keep_to_limit(Interface& interface) {
  const peers::PeerTable& table = interface.peers.table();
  std::size_t staying = table.size() - table.count(PeerStage::leaving);
  while (staying > interface.max_peers) {
    const std::optional<PublicKey> key = interface.candidates.next();
    if (!key) return;
    peers::Peer* const peer = interface.peers.table().find(*key);
    if (peer == nullptr || peer->stage() != PeerStage::idle) continue;
    evict(interface, *key, *peer, Eviction::over_limit);
    --staying;
  }
}

std::size_t Departures::remove_ours() {
  std::size_t ours = 0;
  for (Interface& interface : context_.wiring.interfaces) {
    if (!interface.is_dry_run) ours += interface.peers.table().count(peers::Owner::ours);
    interface.removal = interface.peers.table().walk();
  }
  return ours;
}

void Departures::stop_removal() {
  for (Interface& interface : context_.wiring.interfaces)
    interface.removal = {};
}

// Not more than the device can follow.
void Departures::go_on(Interface& interface) {
  if (interface.removal.is_over() || interface.peers.queue().is_busy()) return;
  std::vector<PublicKey> ours;
  for (const peers::PeerTable::Entries::value_type* entry :
       interface.peers.table().step(interface.removal, most_at_once))
    if (entry->second.owner == peers::Owner::ours) ours.push_back(entry->first);
  for (const PublicKey& key : ours) {
    peers::Peer& peer = *interface.peers.table().find(key);
    if (peer.is_established())
      evict(interface, key, peer, Eviction::stale);
    else
      remove(interface, key, {.reason = to_string(Eviction::stale)});
  }
}

bool Departures::has_work() const {
  return std::ranges::any_of(context_.wiring.interfaces, [](const Interface& interface) {
    return interface.peers.has_departures() || !interface.removal.is_over();
  });
}

} // namespace provisiond::flow
