#include "events/recent_initiations.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

namespace provisiond::events {

RecentInitiations::RecentInitiations(const Limits& limits, metrics::Metrics& metrics)
    : window_{limits.window},
      entries_(std::bit_ceil(std::max(limits.entries, ways))), metrics_{metrics} {}

bool RecentInitiations::first_seen(InterfaceId interface, std::span<const std::uint8_t, 16> mac1,
                                   TimePoint now) {
  const std::uint64_t hash = hash_of(interface, mac1);
  const std::size_t row = hash & (entries_.size() / ways - 1);
  const std::span<Entry> candidates = std::span{entries_}.subspan(row * ways, ways);

  Entry* oldest = &candidates.front();
  for (Entry& entry : candidates) {
    if (entry.hash == hash && entry.seen_at != TimePoint::min()) {
      if (is_recent(entry, now)) return false;
      entry.seen_at = now;
      return true;
    }
    if (entry.seen_at < oldest->seen_at) oldest = &entry;
  }
  if (oldest->seen_at == TimePoint::min()) {
    metrics_.table_entries[metrics::Table::recent_initiations].add(1);
  } else if (is_recent(*oldest, now)) {
    metrics_.table_evictions[metrics::Table::recent_initiations].add();
  }
  *oldest = Entry{hash, now};
  return true;
}

std::uint64_t RecentInitiations::hash_of(InterfaceId interface,
                                         std::span<const std::uint8_t, 16> mac1) const {
  std::array<std::uint8_t, sizeof interface.value + mac1.size()> input{};
  std::memcpy(input.data(), &interface.value, sizeof interface.value);
  std::ranges::copy(mac1, input.begin() + sizeof interface.value);
  return hash_(input);
}

bool RecentInitiations::is_recent(const Entry& entry, TimePoint now) const {
  return entry.seen_at != TimePoint::min() && now - entry.seen_at < window_;
}

} // namespace provisiond::events
