#pragma once

#include "base/clock.hpp"
#include "metrics/histogram.hpp"
#include "metrics/metrics.hpp"
#include "metrics/process.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace provisiond::metrics {

// What is known about the program when it starts and never changes.
struct About {
  std::string version;
  WallTime started_at;
};

// Everything that one scrape looks at.
struct Scrape {
  const Metrics& metrics;
  const About& about;
  const ProcessReadings& process;
};

// The value of one series now. `label_value` is empty where the metric has no label.
struct Reading {
  std::string label_value;
  std::variant<double, Histogram::Snapshot> value;
};

enum class Kind : std::uint8_t { counter, gauge, histogram };

// One metric as the outside knows it: a row of the one table that collection, docs/metrics.md and
// scripts/check-metrics.sh share.
struct Series {
  Kind kind;
  std::string_view name;
  std::string_view label; // empty: none
  std::string_view help;
  std::vector<Reading> (*read)(const Scrape&);
};

// In the order of the flow, then the process. Constant; any thread.
std::span<const Series> all_series();

} // namespace provisiond::metrics
