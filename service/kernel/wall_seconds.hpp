#pragma once

#include "base/clock.hpp"

#include <cstdint>

namespace provisiond::kernel {

// A device's time of a handshake has at most so many seconds: their nanoseconds fit into a
// WallTime.
inline constexpr std::int64_t maximum_wall_seconds = 9'000'000'000;
static_assert(maximum_wall_seconds < WallTime::max().time_since_epoch() / std::chrono::seconds{1});

} // namespace provisiond::kernel
