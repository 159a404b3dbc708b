#include "bench/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace provisiond::bench {

void print(std::string_view bench, const Figure& figure) {
  std::string baseline = "null";
  std::string ratio = "null";
  if (figure.baseline && *figure.baseline > 0) {
    baseline = fmt::format("{:.3f}", *figure.baseline);
    ratio = fmt::format("{:.3f}", figure.value / *figure.baseline);
  }
  fmt::print("{{\"bench\":\"{}\",\"metric\":\"{}\",\"value\":{:.3f},\"unit\":\"{}\","
             "\"baseline\":{},\"ratio\":{}}}\n",
             bench, figure.metric, figure.value, figure.unit, baseline, ratio);
  std::fflush(stdout);
}

double percentile(std::vector<double> samples, double fraction) {
  if (samples.empty()) return 0;
  std::sort(samples.begin(), samples.end());
  const double rank = std::ceil(fraction * static_cast<double>(samples.size()));
  const std::size_t index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return samples[std::min(index, samples.size() - 1)];
}

} // namespace provisiond::bench
