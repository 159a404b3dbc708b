#pragma once

#include "base/endpoint.hpp"

#include <utility>
#include <vector>

namespace provisiond {

// IPv4 clients that a translator shows to an IPv6-only gateway (NAT64, SIIT-DC): each is one IPv6
// address in a prefix of the translator, with its IPv4 address embedded (RFC 6052). By prefixes of
// IPv6 all of IPv4 would be one sender, so budgets count the IPv4 address.
//
// Pure, and constant after construction. Costs a comparison per prefix.
class TranslatedSources {
 public:
  // The lengths that RFC 6052 has: 32, 40, 48, 56, 64 and 96, of IPv6.
  [[nodiscard]] static bool is_possible(const IpPrefix& prefix);

  // Of possible prefixes.
  explicit TranslatedSources(std::vector<IpPrefix> prefixes) : prefixes_{std::move(prefixes)} {}

  // The embedded IPv4 address; of everything else the address itself.
  [[nodiscard]] IpAddress origin_of(const IpAddress& source) const;

 private:
  std::vector<IpPrefix> prefixes_;
};

} // namespace provisiond
