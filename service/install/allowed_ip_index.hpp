#pragma once

#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "kernel/wg_device.hpp"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace provisiond::install {

// Who owns which prefix on one device. A device moves an allowed IP silently from the peer that has
// it to the one that asks for it, and a more specific prefix takes traffic away without a word; so
// every install is held against this index first, and an overlap with another peer is refused.
//
// Loop thread. A question costs O(log n) per prefix. Memory: about 120 bytes per allowed IP on the
// device.
class AllowedIpIndex {
 public:
  // The peer other than `key` that has a prefix overlapping one of `prefixes`, if any.
  [[nodiscard]] std::optional<PublicKey> conflict(const PublicKey& key,
                                                  std::span<const IpPrefix> prefixes) const;

  // Replaces what `key` has.
  void assign(const PublicKey& key, std::span<const IpPrefix> prefixes);
  void remove(const PublicKey& key);

  // What the device has, seen as a whole.
  void replace(std::span<const kernel::PeerState> peers);

  [[nodiscard]] std::size_t size() const { return owners_.size(); }

 private:
  [[nodiscard]] std::optional<PublicKey> owner_overlapping(const PublicKey& key,
                                                           const IpPrefix& prefix) const;

  // Ordered by address, then length, so that the prefixes inside another one follow it.
  std::map<IpPrefix, PublicKey> owners_;
  std::map<PublicKey, std::vector<IpPrefix>> prefixes_;
};

} // namespace provisiond::install
