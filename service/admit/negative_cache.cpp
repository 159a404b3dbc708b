#include "admit/negative_cache.hpp"

namespace provisiond::admit {

std::optional<NegativeCache::Refused> NegativeCache::find(const PeerId& id, TimePoint now) {
  const Entry* const entry = keys_.find(id);
  if (entry == nullptr) return std::nullopt;
  if (entry->until <= now || entry->round != rounds_[id.interface]) {
    keys_.erase(id);
    return std::nullopt;
  }
  return Refused{.until = entry->until, .refusal = entry->refusal};
}

TimePoint NegativeCache::remember(const PeerId& id, Refusal refusal, TimePoint now) {
  const TimePoint until = now + limits_.ttl;
  keys_.touch(id, now) = {.until = until, .refusal = refusal, .round = rounds_[id.interface]};
  return until;
}

} // namespace provisiond::admit
