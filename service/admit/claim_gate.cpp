#include "admit/claim_gate.hpp"

namespace provisiond::admit {

namespace {

IpPrefix network_of(const IpAddress& source) {
  return IpPrefix::covering(source, source.family == IpAddress::Family::v4 ? 24 : 48);
}

} // namespace

std::optional<Refusal> ClaimGate::admit(const Sighting& sighting, const ClaimedKey& claimed,
                                        TimePoint now) {
  const PeerId id{.interface = sighting.interface, .key = claimed.key};
  if (in_flight_.contains(id)) return Refusal::lookup_in_flight;
  if (in_flight_.size() >= limits_.in_flight) return Refusal::lookup_queue_full;
  const Claim claim{.id = id, .from = network_of(translated_.origin_of(sighting.source.address))};
  if (!budgets_.touch(claim, now).take(limits_.per_claim, now)) return Refusal::claim_budget;
  if (!claims_.take(limits_.claims, now)) return Refusal::claim_budget;
  in_flight_.emplace(id, sighting);
  return std::nullopt;
}

std::optional<Sighting> ClaimGate::release(const PeerId& id) {
  const std::unordered_map<PeerId, Sighting, PeerIdHash>::iterator found = in_flight_.find(id);
  if (found == in_flight_.end()) return std::nullopt;
  const Sighting sighting = found->second;
  in_flight_.erase(found);
  return sighting;
}

} // namespace provisiond::admit
