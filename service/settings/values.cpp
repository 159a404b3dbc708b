#include "settings/values.hpp"

#include "settings/field.hpp"
#include "settings/units.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace provisiond::settings {
namespace {

constexpr double slowest_rate = 1.0 / 3'600; // 1/h
constexpr double fastest_rate = 1e6;

bool within(const Limits& limits, std::int64_t value) {
  return value >= limits.minimum && value <= limits.maximum;
}

// `names` in the order of the enumerators.
template <class Enum, std::size_t N>
void read_choice(const Cursor& at, const std::array<std::string_view, N>& names, Enum& into) {
  const std::optional<std::string_view> text = read_scalar(at, names.front());
  if (!text) return;
  for (std::size_t i = 0; i < N; ++i) {
    if (names[i] != *text) continue;
    into = static_cast<Enum>(i);
    return;
  }
  at.problem_with_value(fmt::format("is not known here; use one of: {}", fmt::join(names, ", ")));
}

// What the two keys of a rate in its long form say.
struct RateParts {
  std::optional<double> per_second;
  std::optional<std::uint32_t> burst;
};

std::optional<double> read_per_second(const Cursor& at) {
  const std::optional<std::string_view> text = read_scalar(at, "500/s");
  if (!text) return std::nullopt;
  const std::variant<double, UnitFault> parsed = parse_rate(*text);
  if (const UnitFault* fault = std::get_if<UnitFault>(&parsed)) {
    at.problem_with_value(explain_rate(*fault));
    return std::nullopt;
  }
  const double per_second = std::get<double>(parsed);
  if (per_second >= slowest_rate && per_second <= fastest_rate) return per_second;
  at.problem_with_value("is out of range; choose from 1/h to 1000000/s");
  return std::nullopt;
}

void read_rate_part(const Cursor& at, const Limits&, RateParts& into) {
  into.per_second = read_per_second(at);
}

void read_burst_part(const Cursor& at, const Limits& limits, RateParts& into) {
  std::uint32_t burst = 0;
  read_value(at, limits, burst);
  if (burst > 0) into.burst = burst;
}

std::uint32_t burst_of_one_second(double per_second) {
  return std::max(1U, static_cast<std::uint32_t>(std::ceil(per_second)));
}

} // namespace

std::optional<std::string_view> read_scalar(const Cursor& at, std::string_view example) {
  const Node& node = at.node();
  switch (node.kind) {
  case Node::Kind::unusable:
    break;
  case Node::Kind::scalar:
    return node.text;
  case Node::Kind::null:
    at.problem(fmt::format("has no value; write one, such as {}, or leave the key out", example));
    break;
  case Node::Kind::sequence:
    at.problem(fmt::format("is a list; write one value, such as {}", example));
    break;
  case Node::Kind::map:
    at.problem(fmt::format("has keys of its own; write one value, such as {}", example));
    break;
  }
  return std::nullopt;
}

void read_value(const Cursor& at, const Limits& limits, std::uint32_t& into) {
  const std::optional<std::string_view> text = read_scalar(at, std::to_string(limits.minimum));
  if (!text) return;
  const std::optional<std::int64_t> number = parse_whole(*text);
  const std::string choose =
      fmt::format("choose a whole number from {} to {}", limits.minimum, limits.maximum);
  if (!number)
    at.problem_with_value("is not a whole number in range; " + choose);
  else if (!within(limits, *number))
    at.problem_with_value("is out of range; " + choose);
  else
    into = static_cast<std::uint32_t>(*number);
}

void read_value(const Cursor& at, const Limits& limits, std::chrono::milliseconds& into) {
  const std::optional<std::string_view> text = read_scalar(at, "15s");
  if (!text) return;
  const std::variant<std::chrono::milliseconds, UnitFault> parsed = parse_duration(*text);
  if (const UnitFault* fault = std::get_if<UnitFault>(&parsed)) {
    at.problem_with_value(explain_duration(*fault));
    return;
  }
  const std::chrono::milliseconds duration = std::get<std::chrono::milliseconds>(parsed);
  if (within(limits, duration.count())) {
    into = duration;
    return;
  }
  at.problem_with_value(fmt::format("is out of range; choose from {} to {}",
                                    format_duration(std::chrono::milliseconds{limits.minimum}),
                                    format_duration(std::chrono::milliseconds{limits.maximum})));
}

void read_value(const Cursor& at, const Limits& limits, std::string& into) {
  const std::optional<std::string_view> text = read_scalar(at, "a name");
  if (!text) return;
  if (within(limits, static_cast<std::int64_t>(text->size())))
    into = *text;
  else
    at.problem(fmt::format("is {} bytes long; use {} to {}", text->size(), limits.minimum,
                           limits.maximum));
}

void read_value(const Cursor& at, const Limits&, bool& into) {
  const std::optional<std::string_view> text = read_scalar(at, "true");
  if (!text) return;
  if (*text == "true" || *text == "false")
    into = *text == "true";
  else
    at.problem_with_value("is neither true nor false; write one of them");
}

void read_value(const Cursor& at, const Limits&, Endpoint& into) {
  const std::optional<std::string_view> text = read_scalar(at, "127.0.0.1:9587");
  if (!text) return;
  const std::optional<Endpoint> endpoint = Endpoint::parse(*text);
  if (!endpoint)
    at.problem_with_value(
        "is not an address and a port from 1 to 65535; write 127.0.0.1:9587 or [::1]:9587");
  else if (endpoint->port == 0)
    at.problem_with_value("has port 0; choose a port from 1 to 65535");
  else
    into = *endpoint;
}

void read_value(const Cursor& at, const Limits& limits, std::vector<IpPrefix>& into) {
  const Node& node = at.node();
  if (node.kind == Node::Kind::unusable) return;
  if (node.kind != Node::Kind::sequence) {
    at.problem("is not a list; write prefixes in brackets, such as [192.0.2.0/24], or []");
    return;
  }
  if (!within(limits, static_cast<std::int64_t>(node.children.size()))) {
    at.problem(fmt::format("has {} entries; {} is the most", node.children.size(), limits.maximum));
    return;
  }
  std::vector<IpPrefix> prefixes;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    const Cursor item = at.item(i);
    const std::optional<std::string_view> text = read_scalar(item, "192.0.2.0/24");
    const std::optional<IpPrefix> prefix = text ? IpPrefix::parse(*text) : std::nullopt;
    if (prefix)
      prefixes.push_back(*prefix);
    else if (text)
      item.problem_with_value("is not a prefix without host bits; write 192.0.2.0/24, for example");
  }
  into = std::move(prefixes);
}

void read_value(const Cursor& at, const Limits&, Backend& into) {
  constexpr std::array<std::string_view, 3> names{"auto", "netlink", "userspace"};
  read_choice(at, names, into);
}

void read_value(const Cursor& at, const Limits& limits, RouteTable& into) {
  constexpr std::int64_t local = 255;
  const std::optional<std::string_view> text = read_scalar(at, "main");
  if (!text) return;
  const std::optional<std::int64_t> number = parse_whole(*text);
  if (*text == "main")
    into = RouteTable{};
  else if (number == local)
    at.problem_with_value("is the table of the kernel's own addresses; write main or another one");
  else if (number && within(limits, *number))
    into.number = static_cast<std::uint32_t>(*number);
  else
    at.problem_with_value(fmt::format("is no routing table; write main or a number from {} to {}",
                                      limits.minimum, limits.maximum));
}

void read_value(const Cursor& at, const Limits&, Greeting& into) {
  constexpr std::array<std::string_view, 3> names{"reverse", "resubmit", "auto"};
  read_choice(at, names, into);
}

void read_value(const Cursor& at, const Limits&, EventSource& into) {
  constexpr std::array<std::string_view, 4> names{"auto", "probe", "netlink", "capture"};
  read_choice(at, names, into);
}

void read_value(const Cursor& at, const Limits&, CookieMode& into) {
  constexpr std::array<std::string_view, 2> names{"under-load", "never"};
  read_choice(at, names, into);
}

void read_value(const Cursor& at, const Limits&, StalePolicy& into) {
  constexpr std::array<std::string_view, 2> names{"keep", "remove"};
  read_choice(at, names, into);
}

void read_value(const Cursor& at, const Limits&, LogLevel& into) {
  constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
  read_choice(at, names, into);
}

void read_value(const Cursor& at, const Limits& limits, Rate& into) {
  RateParts parts;
  if (at.node().kind == Node::Kind::map) {
    const std::array<Field<RateParts>, 2> fields{{
        {"rate", {}, read_rate_part},
        {"burst", limits, read_burst_part},
    }};
    read_section<RateParts>(at, fields, parts);
  } else {
    parts.per_second = read_per_second(at);
  }
  if (parts.per_second) into = {*parts.per_second, burst_of_one_second(*parts.per_second)};
  if (parts.burst) into.burst = *parts.burst;
}

} // namespace provisiond::settings
