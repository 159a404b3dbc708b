#pragma once

#include "base/clock.hpp"

namespace provisiond::events {

// What claims to have been seen longer ago than this, or in the future, counts as seen now: a clock
// was set between.
inline constexpr Duration credible_age = std::chrono::seconds{10};

} // namespace provisiond::events
