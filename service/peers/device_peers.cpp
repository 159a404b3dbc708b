#include "peers/device_peers.hpp"

#include <algorithm>
#include <utility>

namespace provisiond::peers {

namespace {

kernel::PeerChange removal_of(const PublicKey& key) {
  kernel::PeerChange change;
  change.action = kernel::PeerChange::Action::remove;
  change.key = key;
  return change;
}

} // namespace

Peer& DevicePeers::install(const PublicKey& key, std::span<const IpPrefix> allowed_ips,
                           std::vector<kernel::PeerChange>&& changes) {
  allowed_ips_.assign(key, allowed_ips);
  Peer& peer = table_.add(key, Installing{});
  table_.set_owner(peer, Owner::ours);
  peer.waiting_changes = static_cast<unsigned>(changes.size());
  Purpose purpose = Purpose::create;
  for (kernel::PeerChange& change : changes)
    queue_.push(std::move(change), std::exchange(purpose, Purpose::update));
  keys_->with([&](InstalledKeys& keys) { keys.add({.interface = id_, .key = key}); });
  return peer;
}

Peer& DevicePeers::adopt(const kernel::PeerState& state, State first) {
  Peer& peer = table_.add(state.key, first);
  allowed_ips_.assign(state.key, state.allowed_ips);
  keys_->with([&](InstalledKeys& keys) { keys.add({.interface = id_, .key = state.key}); });
  return peer;
}

void DevicePeers::change(Peer& peer, std::vector<kernel::PeerChange>&& changes) {
  for (kernel::PeerChange& change : changes) {
    ++peer.waiting_changes;
    queue_.push(std::move(change), Purpose::update);
  }
  table_.note_changed(peer);
}

void DevicePeers::evict(const PublicKey& key, Peer& peer, const Departure& departure) {
  if (peer.is_handed_over()) return;
  const bool waits_already = peer.stage() == PeerStage::leaving;
  table_.advance(peer, Evicting{.departure = departure});
  if (!waits_already) departures_.push_back(key);
}

void DevicePeers::remove(const PublicKey& key, const Departure& departure) {
  Peer* const peer = table_.find(key);
  if (peer == nullptr || peer->is_handed_over()) return;
  // A creation that the device has not seen yet leaves no trace.
  if (queue_.cancel(key)) return erase(key);
  hand_over(key, *peer, departure);
}

void DevicePeers::hand_over(const PublicKey& key, Peer& peer, const Departure& departure) {
  table_.advance(peer, Evicting{.departure = departure, .is_handed_over = true});
  allowed_ips_.remove(key);
  ++peer.waiting_changes;
  queue_.push(removal_of(key), Purpose::remove);
}

bool DevicePeers::note_gone(const PublicKey& key) {
  if (table_.find(key)->is_handed_over()) return false;
  static_cast<void>(queue_.cancel(key));
  erase(key);
  return true;
}

std::optional<Batch> DevicePeers::next_batch(TimePoint now) {
  if (!queue_.is_busy()) hand_over_departures();
  return queue_.next(now);
}

// Some of those that are to leave; the device works off no more of them at a time.
void DevicePeers::hand_over_departures() {
  for (std::size_t left = most_departures; left > 0 && !departures_.empty(); --left) {
    const PublicKey key = departures_.front();
    departures_.pop_front();
    Peer* const peer = table_.find(key);
    if (peer == nullptr) continue; // gone meanwhile
    const Evicting* const evicting = std::get_if<Evicting>(&peer->state);
    if (evicting == nullptr || evicting->is_handed_over) continue; // back in time, or removed
    hand_over(key, *peer, Departure{evicting->departure});
  }
}

std::vector<Outcome> DevicePeers::acknowledge(Acknowledgement&& acknowledgement, TimePoint now) {
  std::vector<Outcome> outcomes;
  for (DeviceQueue::Answered& answered : queue_.acknowledge(std::move(acknowledgement), now)) {
    const PublicKey key = answered.queued.change.key;
    Peer* const peer = table_.find(key);
    if (peer == nullptr) continue; // a pass has found that it is gone
    if (peer->waiting_changes > 0) --peer->waiting_changes;
    switch (answered.queued.purpose) {
    case Purpose::create:
      take_creation(key, std::move(answered.status), outcomes);
      break;
    case Purpose::update:
      take_change(key, std::move(answered.status), outcomes);
      break;
    case Purpose::remove:
      take_removal(key, outcomes);
      break;
    }
  }
  return outcomes;
}

// A pass that has begun before shows the device without the peer.
void DevicePeers::take_creation(const PublicKey& key, Status&& status,
                                std::vector<Outcome>& outcomes) {
  Peer& peer = *table_.find(key);
  table_.note_seen(peer);
  table_.note_changed(peer);
  if (peer.stage() != PeerStage::installing) return; // revoked meanwhile, and its removal follows
  if (status) {
    table_.advance(peer, Greeting{});
    outcomes.push_back({.kind = Outcome::Kind::installed, .key = key});
    return;
  }
  outcomes.push_back({.kind = Outcome::Kind::refused, .key = key, .error = status.error()});
  if (verdict_on(status.error()) == Verdict::gone) return erase(key);
  // A device that refuses one of its attributes has made the peer all the same.
  static_cast<void>(queue_.cancel(key));
  hand_over(key, peer, {.reason = "device_refused", .log = Departure::Log::none});
}

void DevicePeers::take_change(const PublicKey& key, Status&& status,
                              std::vector<Outcome>& outcomes) {
  Peer& peer = *table_.find(key);
  table_.note_changed(peer);
  const bool is_refused = !status && verdict_on(status.error()) == Verdict::refused;
  if (!is_refused || peer.stage() == PeerStage::leaving) return;
  outcomes.push_back({.kind = Outcome::Kind::not_changed, .key = key, .error = status.error()});
}

void DevicePeers::take_removal(const PublicKey& key, std::vector<Outcome>& outcomes) {
  if (const Evicting* const evicting = std::get_if<Evicting>(&table_.find(key)->state))
    outcomes.push_back(
        {.kind = Outcome::Kind::removed, .key = key, .departure = evicting->departure});
  erase(key);
}

void DevicePeers::erase(const PublicKey& key) {
  allowed_ips_.remove(key);
  table_.erase(key);
  keys_->with([&](InstalledKeys& keys) { keys.remove({.interface = id_, .key = key}); });
}

void DevicePeers::clear() {
  table_.clear();
  allowed_ips_.clear();
  queue_.clear();
  departures_.clear();
  keys_->with([&](InstalledKeys& keys) { keys.forget(id_); });
}

} // namespace provisiond::peers
