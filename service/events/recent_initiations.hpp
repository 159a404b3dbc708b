#pragma once

#include "base/clock.hpp"
#include "base/keyed_hash.hpp"
#include "handoff/sighting.hpp"
#include "metrics/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace provisiond::events {

// Tells the first sighting of an initiation from its copies: the same packet seen on stacked
// devices or by two sources, and our own resubmission of it over `lo`. Two initiations are the same
// when interface and mac1 are; a client's retry has a new ephemeral key and thus a new mac1.
//
// Ask it after mac1 was checked, so that nobody can fill it without the interface's public key.
//
// Fixed memory: 16 bytes per entry, 128 KiB with the default of 8,192. An initiation is kept as its
// keyed hash alone, so nobody can aim at a row of the table or at another initiation's hash. A row
// has `ways` entries; where all are taken by others, the oldest makes room. If that one was still
// within the window, a copy of it would count as first again, which later stages (replay, key gate)
// catch: `table_evictions` counts these, `table_entries` the entries in use.
//
// Loop thread. One SipHash and at most eight comparisons.
class RecentInitiations {
 public:
  static constexpr std::size_t ways = 8;

  struct Limits {
    std::size_t entries = 8'192; // rounded up to a power of two, at least `ways`
    Duration window = std::chrono::seconds{1};
  };

  RecentInitiations(const Limits& limits, metrics::Metrics& metrics);

  // True when `mac1` was not seen at `interface` within the window before `now`; it has been now.
  // Copies do not extend the window.
  [[nodiscard]] bool first_seen(InterfaceId interface, std::span<const std::uint8_t, 16> mac1,
                                TimePoint now);

  [[nodiscard]] std::size_t capacity() const { return entries_.size(); }

 private:
  struct Entry {
    std::uint64_t hash = 0;
    TimePoint seen_at = TimePoint::min(); // never
  };
  static_assert(sizeof(Entry) == 16);

  [[nodiscard]] std::uint64_t hash_of(InterfaceId interface,
                                      std::span<const std::uint8_t, 16> mac1) const;
  [[nodiscard]] bool is_recent(const Entry& entry, TimePoint now) const;

  const Duration window_;
  const KeyedHash hash_;
  std::vector<Entry> entries_;
  metrics::Metrics& metrics_;
};

} // namespace provisiond::events
