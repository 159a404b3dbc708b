#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::bench {

// One figure of a benchmark. `baseline` was measured in the same run, in the same unit.
struct Figure {
  std::string metric; // "memory.provisions"
  double value = 0;
  std::string_view unit; // "1/s", "us", "ms"
  std::optional<double> baseline{};
};

// Writes one JSON line to standard output: bench, metric, value, unit, baseline and ratio (value to
// baseline), the last two null where there is no baseline.
void print(std::string_view bench, const Figure& figure);

// The value below which `fraction` of the samples lie (nearest rank); 0 without samples.
double percentile(std::vector<double> samples, double fraction);

} // namespace provisiond::bench
