#include "evict/policy.hpp"

#include <algorithm>

namespace provisiond::evict {

std::optional<Eviction> judge(const Standing& standing, const Limits& limits, const Instant& now) {
  if (standing.expires_at && now.wall >= *standing.expires_at) return Eviction::expired;
  if (!standing.may_roam && !standing.is_at_home) return Eviction::roamed;
  const Duration timeout = standing.idle_timeout.value_or(limits.idle_timeout);
  if (timeout == Duration::zero()) return std::nullopt;
  const bool was_watched = now.steady - standing.watched_since >= session_lifetime;
  const bool is_idle = now.steady - standing.active_at >= std::max(timeout, session_lifetime);
  if (was_watched && is_idle) return Eviction::idle;
  return std::nullopt;
}

} // namespace provisiond::evict
