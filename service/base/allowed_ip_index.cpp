#include "base/allowed_ip_index.hpp"

#include <algorithm>
#include <utility>

namespace provisiond {

std::optional<PublicKey> AllowedIpIndex::owner_overlapping(const PublicKey& key,
                                                           const IpPrefix& prefix) const {
  using Position = std::map<IpPrefix, PublicKey>::const_iterator;
  // Those inside `prefix`, itself included, are neighbours in the order.
  for (Position inside = owners_.lower_bound(prefix);
       inside != owners_.end() && prefix.contains(inside->first.address); ++inside) {
    if (inside->second != key) return inside->second;
  }
  // Those around it are found by cutting it shorter, one bit at a time.
  for (unsigned length = 0; length < prefix.length; ++length) {
    const Position around = owners_.find(IpPrefix::covering(prefix.address, length));
    if (around != owners_.end() && around->second != key) return around->second;
  }
  return std::nullopt;
}

std::optional<PublicKey> AllowedIpIndex::conflict(const PublicKey& key,
                                                  std::span<const IpPrefix> prefixes) const {
  for (const IpPrefix& prefix : prefixes) {
    const std::optional<PublicKey> owner = owner_overlapping(key, prefix);
    if (owner) return owner;
  }
  return std::nullopt;
}

void AllowedIpIndex::assign(const PublicKey& key, std::span<const IpPrefix> prefixes) {
  remove(key);
  if (prefixes.empty()) return;
  prefixes_[key].assign(prefixes.begin(), prefixes.end());
  for (const IpPrefix& prefix : prefixes) {
    const std::map<IpPrefix, PublicKey>::iterator owner = owners_.find(prefix);
    if (owner != owners_.end()) std::erase(prefixes_[owner->second], prefix);
    owners_[prefix] = key;
    note_change(prefix);
  }
}

void AllowedIpIndex::remove(const PublicKey& key) {
  const std::map<PublicKey, std::vector<IpPrefix>>::iterator found = prefixes_.find(key);
  if (found == prefixes_.end()) return;
  for (const IpPrefix& prefix : found->second) {
    const std::map<IpPrefix, PublicKey>::iterator owner = owners_.find(prefix);
    if (owner != owners_.end() && owner->second == key) owners_.erase(owner);
    note_change(prefix);
  }
  prefixes_.erase(found);
}

void AllowedIpIndex::clear() {
  for (const std::pair<const IpPrefix, PublicKey>& owner : owners_)
    note_change(owner.first);
  owners_.clear();
  prefixes_.clear();
}

bool AllowedIpIndex::has_exactly(const PublicKey& key, std::span<const IpPrefix> prefixes) const {
  const std::map<PublicKey, std::vector<IpPrefix>>::const_iterator found = prefixes_.find(key);
  if (found == prefixes_.end()) return prefixes.empty();
  return std::ranges::is_permutation(found->second, prefixes);
}

void AllowedIpIndex::touch(const PublicKey& key) {
  const std::map<PublicKey, std::vector<IpPrefix>>::const_iterator found = prefixes_.find(key);
  if (found == prefixes_.end()) return;
  for (const IpPrefix& prefix : found->second)
    note_change(prefix);
}

std::optional<PublicKey> AllowedIpIndex::owner_of(const IpPrefix& prefix) const {
  const std::map<IpPrefix, PublicKey>::const_iterator owner = owners_.find(prefix);
  if (owner == owners_.end()) return std::nullopt;
  return owner->second;
}

std::optional<IpPrefix> AllowedIpIndex::next_after(const std::optional<IpPrefix>& last) const {
  const std::map<IpPrefix, PublicKey>::const_iterator next =
      last ? owners_.upper_bound(*last) : owners_.begin();
  if (next == owners_.end()) return std::nullopt;
  return next->first;
}

std::vector<IpPrefix> AllowedIpIndex::take_changes() {
  return std::exchange(changes_, {});
}

void AllowedIpIndex::note_change(const IpPrefix& prefix) {
  if (remembers_changes_) changes_.push_back(prefix);
}

} // namespace provisiond
