#pragma once

#include "base/clock.hpp"
#include "handoff/sighting.hpp"
#include "metrics/metrics.hpp"

#include <cstdint>
#include <variant>

struct unknown_peer_event;

namespace provisiond::events {

// Reads one event of the kernel probe: a sighting with bytes, key and MAC state, or the reason why
// it is none. `epoch`: of the watch that the interface has now; events of an older one are about an
// interface that was given up since. Durations count from the kernel's time, unless that is ahead
// of `now` or more than ten seconds behind. Pure, thread-safe, allocates nothing.
[[nodiscard]] std::variant<Sighting, metrics::SightingDrop>
read_probe_event(const unknown_peer_event& event, std::uint32_t epoch, const Instant& now);

} // namespace provisiond::events
