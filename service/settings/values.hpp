#pragma once

#include "base/endpoint.hpp"
#include "settings/cursor.hpp"
#include "settings/settings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::settings {

// What a value may be: a number, a duration in milliseconds, the length of a text or of a list.
struct Limits {
  std::int64_t minimum = 0;
  std::int64_t maximum = 0;
};

// One overload for each type that a setting can have. Each either changes `into` or reports why
// not, with a remedy; never both.
void read_value(const Cursor& at, const Limits& limits, std::uint32_t& into);
void read_value(const Cursor& at, const Limits& limits, std::chrono::milliseconds& into);
void read_value(const Cursor& at, const Limits& limits, std::string& into);
void read_value(const Cursor& at, const Limits& limits, bool& into);
void read_value(const Cursor& at, const Limits& limits, Endpoint& into);
void read_value(const Cursor& at, const Limits& limits, std::vector<IpPrefix>& into);
void read_value(const Cursor& at, const Limits& limits, Backend& into);
// A number, or "main". The table that the kernel keeps for its own addresses is refused.
void read_value(const Cursor& at, const Limits& limits, RouteTable& into);
void read_value(const Cursor& at, const Limits& limits, Greeting& into);
void read_value(const Cursor& at, const Limits& limits, EventSource& into);
void read_value(const Cursor& at, const Limits& limits, CookieMode& into);
void read_value(const Cursor& at, const Limits& limits, StalePolicy& into);
void read_value(const Cursor& at, const Limits& limits, LogLevel& into);

// "5/s", whose burst is what one second brings, at least 1; or {rate: 5/s, burst: 20}. `limits`
// bounds the burst.
void read_value(const Cursor& at, const Limits& limits, Rate& into);

// The text of a scalar; reports anything else. `example` ends the sentence "write a value, such
// as".
std::optional<std::string_view> read_scalar(const Cursor& at, std::string_view example);

} // namespace provisiond::settings
