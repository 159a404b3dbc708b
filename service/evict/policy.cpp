#include "evict/policy.hpp"

namespace provisiond::evict {

std::optional<Reason> judge(const Standing& standing, const Limits& limits, TimePoint now) {
  if (!standing.has_session && now - standing.installed_at >= limits.greeting_deadline) {
    return Reason::never_connected;
  }
  return std::nullopt;
}

} // namespace provisiond::evict
