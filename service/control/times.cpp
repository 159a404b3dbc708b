#include "control/times.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

namespace provisiond::control {

std::optional<std::string> utc_text(WallTime time) {
  if (time == WallTime{}) return std::nullopt;
  return fmt::format("{:%FT%TZ}", std::chrono::floor<std::chrono::seconds>(time));
}

} // namespace provisiond::control
