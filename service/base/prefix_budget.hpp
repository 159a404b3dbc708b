#pragma once

#include "base/endpoint.hpp"
#include "base/fixed_table.hpp"
#include "base/rate.hpp"

#include <cstddef>
#include <optional>

namespace provisiond {

// A budget per network prefix, in fixed memory: IPv4 and IPv6 addresses are cut to the given
// lengths and each prefix has its own token bucket. A prefix whose bucket was displaced starts
// again with a full one, so a flood from more prefixes than there are entries must be bounded by a
// total as well.
//
// Memory: `entries` rounded up, 40 bytes each. Not for concurrent use.
class PrefixBudget {
 public:
  struct Lengths {
    unsigned v4 = 32;
    unsigned v6 = 64;
  };

  PrefixBudget(std::size_t entries, Lengths lengths) : buckets_{entries}, lengths_{lengths} {}

  [[nodiscard]] bool take(const IpAddress& address, const Rate& rate, TimePoint now) {
    return buckets_.touch(prefix_of(address), now).take(rate, now);
  }

  // The prefix that `address` counts with, and how its budget stands; changes nothing.
  [[nodiscard]] IpPrefix prefix_of(const IpAddress& address) const {
    const bool is_v4 = address.family == IpAddress::Family::v4;
    return IpPrefix::covering(address, is_v4 ? lengths_.v4 : lengths_.v6);
  }
  [[nodiscard]] BudgetView view(const IpAddress& address, const Rate& rate, TimePoint now) const {
    const TokenBucket* const bucket = buckets_.find(prefix_of(address));
    return (bucket == nullptr ? TokenBucket{} : *bucket).view(rate, now);
  }

  [[nodiscard]] std::size_t size() const { return buckets_.size(); }
  [[nodiscard]] std::uint64_t displaced() const { return buckets_.displaced(); }

 private:
  FixedTable<IpPrefix, TokenBucket> buckets_;
  Lengths lengths_;
};

} // namespace provisiond
