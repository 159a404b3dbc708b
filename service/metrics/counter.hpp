#pragma once

#include <atomic>
#include <cstdint>

namespace provisiond::metrics {

// Counts events. Any thread may add; no locks, no ordering with other memory (relaxed), a few
// nanoseconds. Starts at zero with the process and wraps after 2^64.
class Counter {
 public:
  void add(std::uint64_t amount = 1) { value_.fetch_add(amount, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

// A level that goes up and down. `set` where one thread knows the whole level, `add` (which may be
// negative) where several threads each know their own change; never both on the same gauge. Costs
// and ordering as Counter.
class Gauge {
 public:
  void set(std::int64_t level) { value_.store(level, std::memory_order_relaxed); }
  void add(std::int64_t change) { value_.fetch_add(change, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

} // namespace provisiond::metrics
