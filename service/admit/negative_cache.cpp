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

std::optional<NegativeCache::Refused> NegativeCache::look(const PeerId& id, TimePoint now) const {
  const Entry* const entry = keys_.find(id);
  if (entry == nullptr || entry->until <= now) return std::nullopt;
  const std::map<InterfaceId, std::uint32_t>::const_iterator round = rounds_.find(id.interface);
  if (entry->round != (round == rounds_.end() ? 0 : round->second)) return std::nullopt;
  return Refused{.until = entry->until, .refusal = entry->refusal};
}

TimePoint NegativeCache::remember(const PeerId& id, Refusal refusal, TimePoint now) {
  const TimePoint until = now + limits_.ttl;
  keys_.touch(id, now) = {.until = until, .refusal = refusal, .round = rounds_[id.interface]};
  return until;
}

} // namespace provisiond::admit
