#pragma once

#include "base/clock.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace provisiond::metrics {

// How long something took. The bounds are the same for every histogram, from 10 us (refusing a bad
// mac1) to 10 s (a client that needs its own retry), so that stages can be laid over each other.
//
// Any thread may observe; no locks: two relaxed additions and a search in 19 bounds. A bucket holds
// the durations that are at most its bound, as Prometheus has it. Negative durations (the wall
// clock was set back) count as zero.
class Histogram {
 public:
  static constexpr std::array<Duration, 19> bounds{
      std::chrono::microseconds{10},    std::chrono::microseconds{25},
      std::chrono::microseconds{50},    std::chrono::microseconds{100},
      std::chrono::microseconds{250},   std::chrono::microseconds{500},
      std::chrono::milliseconds{1},     std::chrono::microseconds{2'500},
      std::chrono::milliseconds{5},     std::chrono::milliseconds{10},
      std::chrono::milliseconds{25},    std::chrono::milliseconds{50},
      std::chrono::milliseconds{100},   std::chrono::milliseconds{250},
      std::chrono::milliseconds{500},   std::chrono::seconds{1},
      std::chrono::milliseconds{2'500}, std::chrono::seconds{5},
      std::chrono::seconds{10},
  };

  // `cumulative[i]` is how many took at most `bounds[i]`; the last entry is all of them (+Inf). The
  // entries agree with each other; `sum` may already hold an observation that they do not.
  struct Snapshot {
    std::array<std::uint64_t, bounds.size() + 1> cumulative{};
    Duration sum{};
  };

  void observe(Duration took);
  [[nodiscard]] Snapshot snapshot() const;

 private:
  std::array<std::atomic<std::uint64_t>, bounds.size() + 1> buckets_{};
  std::atomic<std::uint64_t> sum_nanoseconds_{0}; // 584 years
};

} // namespace provisiond::metrics
