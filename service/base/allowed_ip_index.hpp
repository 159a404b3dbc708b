#pragma once

#include "base/endpoint.hpp"
#include "base/public_key.hpp"

#include <map>
#include <optional>
#include <span>
#include <vector>

namespace provisiond {

// Who owns which prefix on one device. A device moves an allowed IP silently from the peer that has
// it to the one that asks for it, and a more specific prefix takes traffic away without a word; so
// every install is held against this index first, and an overlap with another peer is refused.
//
// Remembers, once asked to, which prefixes may have another owner than before; whoever keeps
// something else in step with the device takes these from time to time.
//
// Loop thread. A question costs O(log n) per prefix. Memory: about 120 bytes per allowed IP on the
// device.
class AllowedIpIndex {
 public:
  // The peer other than `key` that has a prefix overlapping one of `prefixes`, if any.
  [[nodiscard]] std::optional<PublicKey> conflict(const PublicKey& key,
                                                  std::span<const IpPrefix> prefixes) const;

  // Replaces what `key` has. As on the device, a prefix that another peer has moves to it.
  void assign(const PublicKey& key, std::span<const IpPrefix> prefixes);
  void remove(const PublicKey& key);

  void clear();

  // Whether these, in any order, are what `key` has.
  [[nodiscard]] bool has_exactly(const PublicKey& key, std::span<const IpPrefix> prefixes) const;

  [[nodiscard]] std::size_t size() const { return owners_.size(); }

  // Who has exactly this prefix.
  [[nodiscard]] std::optional<PublicKey> owner_of(const IpPrefix& prefix) const;

  // The first one, in their order, that comes after `last`, or the first of all. Who goes on from
  // one to the next meets each that stays, whatever is assigned and removed meanwhile.
  [[nodiscard]] std::optional<IpPrefix> next_after(const std::optional<IpPrefix>& last) const;

  // From now on changes are remembered; they take memory until they are taken.
  void remember_changes() { remembers_changes_ = true; }
  // What `key` has counts as changed: something else is known of the key now.
  void touch(const PublicKey& key);
  // What was assigned, removed or touched since the last call, some of it twice.
  [[nodiscard]] std::vector<IpPrefix> take_changes();

 private:
  [[nodiscard]] std::optional<PublicKey> owner_overlapping(const PublicKey& key,
                                                           const IpPrefix& prefix) const;
  void note_change(const IpPrefix& prefix);

  // Ordered by address, then length, so that the prefixes inside another one follow it.
  std::map<IpPrefix, PublicKey> owners_;
  std::map<PublicKey, std::vector<IpPrefix>> prefixes_;
  bool remembers_changes_ = false;
  std::vector<IpPrefix> changes_;
};

} // namespace provisiond
