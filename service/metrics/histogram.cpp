#include "metrics/histogram.hpp"

#include <algorithm>

namespace provisiond::metrics {

static_assert(std::ratio_equal_v<Duration::period, std::nano>, "the sum is kept in nanoseconds");
static_assert(std::is_sorted(Histogram::bounds.begin(), Histogram::bounds.end()));

void Histogram::observe(Duration took) {
  took = std::max(took, Duration::zero());
  const std::size_t bucket = static_cast<std::size_t>(
      std::lower_bound(bounds.begin(), bounds.end(), took) - bounds.begin());
  buckets_[bucket].fetch_add(1, std::memory_order_relaxed);
  sum_nanoseconds_.fetch_add(static_cast<std::uint64_t>(took.count()), std::memory_order_relaxed);
}

Histogram::Snapshot Histogram::snapshot() const {
  Snapshot snapshot;
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    total += buckets_[i].load(std::memory_order_relaxed);
    snapshot.cumulative[i] = total;
  }
  const std::uint64_t nanoseconds = sum_nanoseconds_.load(std::memory_order_relaxed);
  snapshot.sum = Duration{static_cast<Duration::rep>(nanoseconds)};
  return snapshot;
}

} // namespace provisiond::metrics
