#include "peers/peer_table.hpp"

#include <algorithm>
#include <cassert>

namespace provisiond::peers {

namespace {

// To close up the order moves 16 bytes for each peer, which is worth it for more than a few.
constexpr std::size_t fewest_empty_places = 64;

} // namespace

WallTime Peer::handshake_at(const Instant& now) const {
  // The two clocks do not go quite alike, and the time is compared with what was told of it before.
  constexpr Duration drift = std::chrono::seconds{1};
  const WallTime noticed_at = now.wall - (now.steady - active_at);
  return last_handshake > noticed_at + drift ? noticed_at : last_handshake;
}

void Peer::follow(const PeerRecord& record) {
  is_on_trial = record.is_on_trial;
  peer_id = record.id;
  is_evicted_last = record.is_evicted_last;
  may_roam = record.may_roam;
  expires_at = record.expires_at;
  idle_timeout = record.idle_timeout;
  allowed_sources = may_roam ? std::vector<IpPrefix>{} : record.allowed_sources;
}

std::size_t PeerTable::Hash::operator()(const PublicKey& key) const {
  static const KeyedHash hash;
  return hash(key.bytes);
}

Peer& PeerTable::add(const PublicKey& key, State first) {
  assert(may_begin(static_cast<PeerStage>(first.index())) && !entries_.contains(key));
  const Entries::iterator entry = entries_.try_emplace(key).first;
  Peer& peer = entry->second;
  peer.number = next_number_++;
  order_.push_back({.number = peer.number, .entry = &*entry});
  peer.state = first;
  peer.seen_in_pass = pass_;
  ++counts_[first.index()];
  ++owners_[static_cast<std::size_t>(peer.owner)];
  return peer;
}

Peer* PeerTable::find(const PublicKey& key) {
  const Entries::iterator found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

const Peer* PeerTable::find(const PublicKey& key) const {
  const Entries::const_iterator found = entries_.find(key);
  return found == entries_.end() ? nullptr : &found->second;
}

void PeerTable::advance(Peer& peer, State to) {
  assert(may_follow(peer.stage(), static_cast<PeerStage>(to.index())));
  --counts_[peer.state.index()];
  ++counts_[to.index()];
  if (peer.is_handed_over()) --handed_over_;
  peer.state = to;
  if (peer.is_handed_over()) ++handed_over_;
}

void PeerTable::set_owner(Peer& peer, Owner owner) {
  --owners_[static_cast<std::size_t>(peer.owner)];
  ++owners_[static_cast<std::size_t>(owner)];
  peer.owner = owner;
}

void PeerTable::set_endpoint(Peer& peer, const std::optional<Endpoint>& endpoint) {
  if (peer.endpoint == endpoint) return;
  count_endpoint(peer.endpoint, -1);
  peer.endpoint = endpoint;
  count_endpoint(peer.endpoint, +1);
}

void PeerTable::remember_endpoints(const std::vector<IpPrefix>& within) {
  assert(entries_.empty());
  remembered_ = within;
}

bool PeerTable::has_endpoint_in(const IpPrefix& prefix) const {
  const std::map<IpAddress, int>::const_iterator next = endpoints_.lower_bound(prefix.address);
  return next != endpoints_.end() && prefix.contains(next->first);
}

void PeerTable::count_endpoint(const std::optional<Endpoint>& endpoint, int change) {
  if (!endpoint || std::ranges::none_of(remembered_, [&](const IpPrefix& prefix) {
        return prefix.contains(endpoint->address);
      }))
    return;
  const std::map<IpAddress, int>::iterator entry = endpoints_.try_emplace(endpoint->address).first;
  if ((entry->second += change) == 0) endpoints_.erase(entry);
}

void PeerTable::lose_row(Peer& peer, TimePoint now) {
  if (peer.missing_since) return;
  peer.missing_since = now;
  ++missing_rows_;
}

void PeerTable::find_row(Peer& peer) {
  if (!peer.missing_since) return;
  peer.missing_since.reset();
  --missing_rows_;
}

void PeerTable::erase(const PublicKey& key) {
  const Entries::iterator found = entries_.find(key);
  if (found == entries_.end()) return;
  find_row(found->second);
  --counts_[found->second.state.index()];
  if (found->second.is_handed_over()) --handed_over_;
  --owners_[static_cast<std::size_t>(found->second.owner)];
  count_endpoint(found->second.endpoint, -1);
  leave_order(found->second);
  entries_.erase(found);
}

void PeerTable::clear() {
  entries_.clear();
  endpoints_.clear();
  order_.clear();
  empty_places_ = 0;
  counts_ = {};
  owners_ = {};
  handed_over_ = 0;
  missing_rows_ = 0;
}

void PeerTable::leave_order(const Peer& peer) {
  std::ranges::lower_bound(order_, peer.number, {}, &Place::number)->entry = nullptr;
  ++empty_places_;
  if (empty_places_ < fewest_empty_places || empty_places_ <= order_.size() / 2) return;
  std::erase_if(order_, [](const Place& place) { return place.entry == nullptr; });
  empty_places_ = 0;
}

std::vector<const PeerTable::Entries::value_type*> PeerTable::step(PeerWalk& walk,
                                                                   std::size_t most) const {
  std::vector<const Entries::value_type*> met;
  std::vector<Place>::const_iterator place =
      std::ranges::lower_bound(order_, walk.next, {}, &Place::number);
  for (; most > 0 && place != order_.end() && place->number < walk.end; ++place, --most)
    if (place->entry != nullptr) met.push_back(place->entry);
  walk.next = place == order_.end() ? walk.end : std::min(place->number, walk.end);
  return met;
}

std::size_t PeerTable::left(const PeerWalk& walk) const {
  const auto place = [this](std::uint64_t number) {
    return std::ranges::lower_bound(order_, number, {}, &Place::number);
  };
  return walk.is_over() ? 0 : static_cast<std::size_t>(place(walk.end) - place(walk.next));
}

} // namespace provisiond::peers
