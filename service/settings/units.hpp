#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace provisiond::settings {

// Why a text is not a quantity. The text of the enumerator is the message, with its remedy.
enum class UnitFault : std::uint8_t {
  malformed,
  negative,
  no_unit,
  unknown_unit,
  too_fine,
  too_long
};

// A number and one unit: "15s", "500ms", "1.5m", "2h". Whole milliseconds; at most twelve digits,
// so that nothing overflows.
std::variant<std::chrono::milliseconds, UnitFault> parse_duration(std::string_view text);
std::string_view explain_duration(UnitFault fault);

// Events per second from "500/s", "30/m", "1800/h", "0.5/s".
std::variant<double, UnitFault> parse_rate(std::string_view text);
std::string_view explain_rate(UnitFault fault);

// Decimal digits with an optional minus, nothing else.
std::optional<std::int64_t> parse_whole(std::string_view text);

// In the largest unit that leaves a whole number: 90000 ms -> "90s".
std::string format_duration(std::chrono::milliseconds duration);

} // namespace provisiond::settings
