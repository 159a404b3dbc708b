#include "evict/ownership.hpp"

namespace provisiond::evict {

bool is_latest_here(const SessionHere& here, const SessionHolder& told,
                    const std::optional<Tai64n>& newest_initiation) {
  const WallTime since = told.since.value_or(WallTime{});
  if (here.initiation && newest_initiation) {
    if (*here.initiation > *newest_initiation) return true;
    const bool is_older = *here.initiation < *newest_initiation;
    if (is_older && !(here.has_rekeyed && told.since)) return false;
    if (is_older) return here.last_handshake > since + clock_tolerance;
  }
  if (here.last_handshake == WallTime{}) return false;
  return told.since && here.last_handshake + clock_tolerance >= since;
}

} // namespace provisiond::evict
