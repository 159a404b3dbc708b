#include "admit/key_gate.hpp"

namespace provisiond::admit {

std::optional<Refusal> KeyGate::admit(const Sighting& sighting, const ProvenKey& proven,
                                      TimePoint now) {
  const PeerId id{.interface = sighting.interface, .key = proven.key()};
  if (in_flight_.contains(id)) return Refusal::lookup_in_flight;
  if (in_flight_.size() >= limits_.in_flight) return Refusal::lookup_queue_full;
  if (!keys_.touch(id, now).take(limits_.per_key, now)) return Refusal::key_budget;
  if (!lookups_.take(limits_.lookups, now)) return Refusal::lookup_budget;
  in_flight_.emplace(id, sighting).first->second.timestamp = proven.timestamp();
  return std::nullopt;
}

KeyGate::View KeyGate::look(const PeerId& id, TimePoint now) const {
  const TokenBucket* const bucket = keys_.find(id);
  return {.key = (bucket == nullptr ? TokenBucket{} : *bucket).view(limits_.per_key, now),
          .lookups = lookups_.view(limits_.lookups, now),
          .is_in_flight = in_flight_.contains(id),
          .is_full = in_flight_.size() >= limits_.in_flight};
}

bool KeyGate::resume(const PeerId& id, const Sighting& sighting, TimePoint now) {
  if (in_flight_.contains(id) || in_flight_.size() >= limits_.in_flight) return false;
  if (!lookups_.take(limits_.lookups, now)) return false;
  in_flight_.emplace(id, sighting);
  return true;
}

std::optional<Sighting> KeyGate::release(const PeerId& id) {
  const std::unordered_map<PeerId, Sighting, PeerIdHash>::iterator found = in_flight_.find(id);
  if (found == in_flight_.end()) return std::nullopt;
  const Sighting sighting = found->second;
  in_flight_.erase(found);
  return sighting;
}

} // namespace provisiond::admit
