#include "admit/refused_keys.hpp"

namespace provisiond::admit {

std::optional<Refusal> RefusedKeys::find(const PeerId& id, TimePoint now) {
  const Refused* refused = keys_.find(id);
  if (refused == nullptr) return std::nullopt;
  if (refused->until <= now) {
    keys_.erase(id);
    return std::nullopt;
  }
  return refused->refusal;
}

void RefusedKeys::remember(const PeerId& id, Refusal refusal, TimePoint now) {
  keys_.touch(id, now) = Refused{.until = now + limits_.ttl, .refusal = refusal};
}

} // namespace provisiond::admit
