#include "flood/latency.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>

namespace provisiond::flood {

// Below 128 a bucket for each microsecond; beyond, 64 buckets for each power of two.
std::size_t LatencyHistogram::bucket_of(std::uint64_t microseconds) {
  const unsigned width = static_cast<unsigned>(std::bit_width(microseconds));
  const unsigned shift = width > precision_bits + 1 ? width - (precision_bits + 1) : 0;
  return (std::size_t{shift} << precision_bits) + static_cast<std::size_t>(microseconds >> shift);
}

double LatencyHistogram::middle_of(std::size_t bucket) {
  const std::size_t power = bucket >> precision_bits;
  if (power < 2) return static_cast<double>(bucket);
  const std::size_t shift = power - 1;
  const std::uint64_t first = static_cast<std::uint64_t>(bucket - (shift << precision_bits))
                              << shift;
  return static_cast<double>(first) + std::ldexp(0.5, static_cast<int>(shift));
}

void LatencyHistogram::add(Duration time) {
  const std::int64_t counted = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  const std::uint64_t microseconds =
      std::min(static_cast<std::uint64_t>(std::max<std::int64_t>(counted, 0)),
               (std::uint64_t{1} << largest_bits) - 1);
  ++buckets_[bucket_of(microseconds)];
  ++count_;
  longest_us_ = std::max(longest_us_, microseconds);
}

double LatencyHistogram::percentile_ms(double share) const {
  if (count_ == 0) return 0;
  const double rank = std::max(1.0, std::ceil(share * static_cast<double>(count_)));
  std::uint64_t seen = 0;
  for (std::size_t bucket = 0; bucket < buckets_.size(); ++bucket) {
    seen += buckets_[bucket];
    if (static_cast<double>(seen) >= rank)
      return std::min(middle_of(bucket), static_cast<double>(longest_us_)) / 1000;
  }
  return longest_ms();
}

} // namespace provisiond::flood
