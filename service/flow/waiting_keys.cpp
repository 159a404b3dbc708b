#include "flow/waiting_keys.hpp"

namespace provisiond::flow {

void WaitingKeys::add(const PeerId& id, const Sighting& sighting) {
  forget(id);
  if (waiting_.size() >= most) forget(PeerId{by_order_.begin()->second});
  ++last_order_;
  waiting_.emplace(id, Entry{.sighting = sighting, .order = last_order_});
  by_order_.emplace(last_order_, id);
}

void WaitingKeys::forget(const PeerId& id) {
  const std::unordered_map<PeerId, Entry, PeerIdHash>::iterator found = waiting_.find(id);
  if (found == waiting_.end()) return;
  by_order_.erase(found->second.order);
  waiting_.erase(found);
}

bool WaitingKeys::has_any(TimePoint now) {
  expire(now);
  return !waiting_.empty();
}

std::vector<WaitingKeys::Waiting> WaitingKeys::take(TimePoint now) {
  expire(now);
  std::vector<Waiting> taken;
  taken.reserve(waiting_.size());
  for (const std::pair<const std::uint64_t, PeerId>& entry : by_order_)
    taken.push_back({.id = entry.second, .sighting = waiting_.at(entry.second).sighting});
  waiting_.clear();
  by_order_.clear();
  return taken;
}

// In the order in which they were refused, which is about the order of their sightings.
void WaitingKeys::expire(TimePoint now) {
  while (!by_order_.empty()) {
    const PeerId oldest = by_order_.begin()->second;
    if (now - waiting_.at(oldest).sighting.seen_at <= longest) return;
    forget(oldest);
  }
}

} // namespace provisiond::flow
