#pragma once

#include "base/clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

// Times as the lines of the control socket have them.
namespace provisiond::control {

// In UTC, to the second; nullopt for the epoch, which means never.
std::optional<std::string> utc_text(WallTime time);

constexpr std::int64_t whole_seconds(Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

constexpr double fractional_seconds(Duration duration) {
  return static_cast<double>(
             std::chrono::duration_cast<std::chrono::microseconds>(duration).count()) /
         1e6;
}

} // namespace provisiond::control
