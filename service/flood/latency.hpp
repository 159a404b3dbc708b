#pragma once

#include "base/clock.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace provisiond::flood {

// Times, from a microsecond to eighteen hours, each kept to one part in 64, in 16 KiB however many
// there are.
class LatencyHistogram {
 public:
  void add(Duration time);

  [[nodiscard]] std::uint64_t count() const { return count_; }
  // The time that this share of them did not exceed (0 to 1), in milliseconds; 0 when there are
  // none.
  [[nodiscard]] double percentile_ms(double share) const;
  // Exactly.
  [[nodiscard]] double longest_ms() const { return static_cast<double>(longest_us_) / 1000; }

 private:
  static constexpr unsigned precision_bits = 6;
  static constexpr unsigned largest_bits = 36;

  [[nodiscard]] static std::size_t bucket_of(std::uint64_t microseconds);
  [[nodiscard]] static double middle_of(std::size_t bucket);

  std::array<std::uint64_t, (largest_bits - precision_bits + 1) << precision_bits> buckets_{};
  std::uint64_t count_ = 0;
  std::uint64_t longest_us_ = 0;
};

} // namespace provisiond::flood
