#include "settings/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace provisiond::settings {
namespace {

constexpr std::size_t maximum_digits = 12;

// `digits` / 10^`places`, and what follows the number.
struct Decimal {
  std::int64_t digits = 0;
  std::int64_t scale = 1; // 10^places
  std::string_view rest;
};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::size_t count_digits(std::string_view text) {
  return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) -
                                  text.begin());
}

std::variant<Decimal, UnitFault> parse_decimal(std::string_view text) {
  if (text.starts_with('-')) return UnitFault::negative;
  const std::size_t whole = count_digits(text);
  if (whole == 0) return UnitFault::malformed;
  std::string digits{text.substr(0, whole)};
  std::string_view rest = text.substr(whole);
  std::size_t places = 0;
  if (rest.starts_with('.')) {
    places = count_digits(rest.substr(1));
    if (places == 0) return UnitFault::malformed;
    digits += rest.substr(1, places);
    rest.remove_prefix(1 + places);
  }
  if (digits.size() > maximum_digits) return UnitFault::too_long;
  Decimal decimal{.rest = rest};
  std::from_chars(digits.data(), digits.data() + digits.size(), decimal.digits);
  for (std::size_t place = 0; place < places; ++place)
    decimal.scale *= 10;
  return decimal;
}

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// From the largest, in milliseconds.
constexpr std::array<Unit, 4> duration_units{
    {{"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};
// In seconds.
constexpr std::array<Unit, 3> rate_units{{{"/s", 1}, {"/m", 60}, {"/h", 3'600}}};

template <std::size_t N>
const Unit* find_unit(const std::array<Unit, N>& units, std::string_view name) {
  for (const Unit& unit : units)
    if (unit.name == name) return &unit;
  return nullptr;
}

} // namespace

std::variant<std::chrono::milliseconds, UnitFault> parse_duration(std::string_view text) {
  const std::variant<Decimal, UnitFault> parsed = parse_decimal(text);
  if (const UnitFault* fault = std::get_if<UnitFault>(&parsed)) return *fault;
  const Decimal& decimal = std::get<Decimal>(parsed);
  if (decimal.rest.empty()) return UnitFault::no_unit;
  const Unit* unit = find_unit(duration_units, decimal.rest);
  if (unit == nullptr) return UnitFault::unknown_unit;
  const std::int64_t scaled = decimal.digits * unit->factor;
  if (scaled % decimal.scale != 0) return UnitFault::too_fine;
  return std::chrono::milliseconds{scaled / decimal.scale};
}

std::string_view explain_duration(UnitFault fault) {
  switch (fault) {
  case UnitFault::malformed:
    return "is not a duration; write a number and a unit, such as 15s";
  case UnitFault::negative:
    return "is negative; a duration cannot be";
  case UnitFault::no_unit:
    return "has no unit; add ms, s, m or h, as in 15s";
  case UnitFault::unknown_unit:
    return "has an unknown unit; use one of ms, s, m and h";
  case UnitFault::too_fine:
    return "is not a whole number of milliseconds; round it";
  case UnitFault::too_long:
    return "has too many digits; use a larger unit";
  }
  return "";
}

std::variant<double, UnitFault> parse_rate(std::string_view text) {
  const std::variant<Decimal, UnitFault> parsed = parse_decimal(text);
  if (const UnitFault* fault = std::get_if<UnitFault>(&parsed)) return *fault;
  const Decimal& decimal = std::get<Decimal>(parsed);
  if (decimal.rest.empty()) return UnitFault::no_unit;
  const Unit* unit = find_unit(rate_units, decimal.rest);
  if (unit == nullptr) return UnitFault::unknown_unit;
  return static_cast<double>(decimal.digits) / static_cast<double>(decimal.scale * unit->factor);
}

std::string_view explain_rate(UnitFault fault) {
  switch (fault) {
  case UnitFault::malformed:
    return "is not a rate; write events per time, such as 500/s";
  case UnitFault::negative:
    return "is negative; a rate cannot be";
  case UnitFault::no_unit:
    return "has no unit; add /s, /m or /h, as in 500/s";
  case UnitFault::unknown_unit:
    return "has an unknown unit; use one of /s, /m and /h";
  case UnitFault::too_fine:
  case UnitFault::too_long:
    return "has too many digits; round it";
  }
  return "";
}

std::optional<std::int64_t> parse_whole(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end) return std::nullopt;
  return number;
}

std::string format_duration(std::chrono::milliseconds duration) {
  for (const Unit& unit : duration_units)
    if (duration.count() != 0 && duration.count() % unit.factor == 0)
      return fmt::format("{}{}", duration.count() / unit.factor, unit.name);
  return "0s";
}

} // namespace provisiond::settings
