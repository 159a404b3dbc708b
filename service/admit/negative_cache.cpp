#include "admit/negative_cache.hpp"

namespace provisiond::admit {

std::optional<NegativeCache::Refused> NegativeCache::find(const PeerId& id, TimePoint now) {
  const Refused* refused = keys_.find(id);
  if (refused == nullptr) return std::nullopt;
  if (refused->until <= now) {
    keys_.erase(id);
    return std::nullopt;
  }
  return *refused;
}

TimePoint NegativeCache::remember(const PeerId& id, Refusal refusal, TimePoint now) {
  const TimePoint until = now + limits_.ttl;
  keys_.touch(id, now) = Refused{.until = until, .refusal = refusal};
  return until;
}

} // namespace provisiond::admit
