#include "install/allowed_ip_index.hpp"

namespace provisiond::install {

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
  for (const IpPrefix& prefix : prefixes)
    owners_[prefix] = key;
}

void AllowedIpIndex::remove(const PublicKey& key) {
  const std::map<PublicKey, std::vector<IpPrefix>>::iterator found = prefixes_.find(key);
  if (found == prefixes_.end()) return;
  for (const IpPrefix& prefix : found->second) {
    const std::map<IpPrefix, PublicKey>::iterator owner = owners_.find(prefix);
    if (owner != owners_.end() && owner->second == key) owners_.erase(owner);
  }
  prefixes_.erase(found);
}

void AllowedIpIndex::replace(std::span<const kernel::PeerState> peers) {
  owners_.clear();
  prefixes_.clear();
  for (const kernel::PeerState& peer : peers)
    assign(peer.key, peer.allowed_ips);
}

} // namespace provisiond::install
