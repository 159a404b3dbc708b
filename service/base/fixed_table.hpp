#pragma once

#include "base/clock.hpp"
#include "base/keyed_hash.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <span>
#include <vector>

namespace provisiond {

// A table for what strangers can feed: memory is taken once, at construction, and never grows. Keys
// are trivially copyable values without padding. An entry lives in one set of eight ways chosen by
// a keyed hash; when the set is full, the entry used least recently gives way and `displaced`
// counts it. Costs one SipHash and at most eight comparisons. Not for concurrent use.
//
// Memory: capacity() * (sizeof(Key) + sizeof(Value) + 8) bytes, capacity rounded up to 8 * 2^n.
template <class Key, class Value>
class FixedTable {
 public:
  static constexpr std::size_t ways = 8;

  explicit FixedTable(std::size_t entries)
      : mask_{std::bit_ceil((entries + ways - 1) / ways) - 1}, slots_((mask_ + 1) * ways) {}

  // The entry of `key`, or nullptr. Does not count as use.
  [[nodiscard]] Value* find(const Key& key) {
    for (Slot& slot : set_of(key)) {
      if (slot.used_at != TimePoint{} && slot.key == key) return &slot.value;
    }
    return nullptr;
  }

  [[nodiscard]] const Value* find(const Key& key) const {
    for (const Slot& slot : set_of(key)) {
      if (slot.used_at != TimePoint{} && slot.key == key) return &slot.value;
    }
    return nullptr;
  }

  // The entry of `key`, made from Value{} if there was none; counts as use at `now`.
  Value& touch(const Key& key, TimePoint now) {
    std::span<Slot> set = set_of(key);
    Slot* oldest = &set.front();
    for (Slot& slot : set) {
      if (slot.used_at != TimePoint{} && slot.key == key) {
        slot.used_at = now;
        return slot.value;
      }
      if (slot.used_at < oldest->used_at) oldest = &slot;
    }
    if (oldest->used_at == TimePoint{})
      ++size_;
    else
      ++displaced_;
    *oldest = Slot{.used_at = now, .key = key, .value = Value{}};
    return oldest->value;
  }

  void erase(const Key& key) {
    for (Slot& slot : set_of(key)) {
      if (slot.used_at == TimePoint{} || slot.key != key) continue;
      slot = Slot{};
      --size_;
    }
  }

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return slots_.size(); }
  // Entries that gave way to others since construction.
  [[nodiscard]] std::uint64_t displaced() const { return displaced_; }

 private:
  struct Slot {
    TimePoint used_at{}; // the epoch: empty
    Key key{};
    Value value{};
  };

  std::span<Slot> set_of(const Key& key) { return std::span{slots_}.subspan(first_of(key), ways); }
  std::span<const Slot> set_of(const Key& key) const {
    return std::span{slots_}.subspan(first_of(key), ways);
  }
  std::size_t first_of(const Key& key) const {
    static_assert(std::has_unique_object_representations_v<Key>);
    const std::span<const std::uint8_t> bytes{reinterpret_cast<const std::uint8_t*>(&key),
                                              sizeof key};
    return (hash_(bytes) & mask_) * ways;
  }

  std::size_t mask_;
  std::vector<Slot> slots_;
  KeyedHash hash_;
  std::size_t size_ = 0;
  std::uint64_t displaced_ = 0;
};

} // namespace provisiond
