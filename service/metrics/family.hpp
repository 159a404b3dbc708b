#pragma once

#include "metrics/counter.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

namespace provisiond::metrics {

// The values of a metric label, indexed by the enumerator they stand for. Specialised next to the
// family that uses it; `names` has one entry per enumerator, in order.
template <class Enum>
struct LabelValues;

// One Counter or Gauge per enumerator, all there from the start, so that an event costs an array
// index and never a look-up by text. The label can take only the values of the enum: what a
// stranger sends cannot make a new series.
template <class Enum, class Metric>
class Family {
 public:
  static constexpr std::span<const std::string_view> names{LabelValues<Enum>::names};

  Metric& operator[](Enum which) { return metrics_[static_cast<std::size_t>(which)]; }
  const Metric& operator[](Enum which) const { return metrics_[static_cast<std::size_t>(which)]; }

  [[nodiscard]] std::span<const Metric> all() const { return metrics_; }

 private:
  std::array<Metric, names.size()> metrics_;
};

template <class Enum>
using CounterFamily = Family<Enum, Counter>;

template <class Enum>
using GaugeFamily = Family<Enum, Gauge>;

} // namespace provisiond::metrics
