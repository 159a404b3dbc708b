#pragma once

#include "base/clock.hpp"
#include "wire/messages.hpp"

#include <array>
#include <cstdint>
#include <optional>

namespace provisiond::wire {

// TAI64N as WireGuard uses it: eight bytes of seconds, counted from 2^62 + 10 at the UNIX epoch
// without leap seconds, and four of nanoseconds, all big-endian. Comparing bytes compares time.
using Tai64nBytes = std::array<std::uint8_t, timestamp_size>;

[[nodiscard]] Tai64nBytes to_tai64n(WallTime time);

// nullopt when the nanoseconds are a second or more, or when WallTime cannot hold the result (it
// spans the years 1678 to 2262): a stranger chooses these bytes.
[[nodiscard]] std::optional<WallTime> to_wall_time(const Tai64nBytes& timestamp);

} // namespace provisiond::wire
