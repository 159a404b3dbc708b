#include "authenticate/shared_secrets.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace provisiond::authenticate {

SharedSecrets::SharedSecrets(std::size_t entries)
    : sets_{entries == 0 ? 0 : std::bit_ceil((entries + ways - 1) / ways)} {
  if (sets_ > 0) memory_.emplace(capacity() * entry_size);
}

std::optional<Secret<32>> SharedSecrets::find(const PublicKey& key) {
  const std::span<std::uint8_t> set = set_of(key);
  const std::optional<std::size_t> place = place_of(set, key);
  if (!place) return std::nullopt;
  if (*place < kept_ways) bring_forward(set, *place, 0);
  const std::size_t now_at = *place < kept_ways ? 0 : *place;
  return Secret<32>{set.subspan(now_at * entry_size + key.bytes.size()).first<32>()};
}

void SharedSecrets::add(const PublicKey& key, const Secret<32>& secret) {
  const std::span<std::uint8_t> set = set_of(key);
  if (set.empty() || place_of(set, key)) return;
  // The last of those that were merely proven makes room.
  bring_forward(set, ways - 1, kept_ways);
  const std::span<std::uint8_t> entry = set.subspan(kept_ways * entry_size, entry_size);
  std::ranges::copy(key.bytes, entry.begin());
  std::ranges::copy(secret.bytes(), entry.subspan(key.bytes.size()).begin());
}

// What was kept last is the newest of the others then.
void SharedSecrets::keep(const PublicKey& key) {
  const std::span<std::uint8_t> set = set_of(key);
  if (const std::optional<std::size_t> place = place_of(set, key)) bring_forward(set, *place, 0);
}

// The zero key marks an entry that is empty, and has no secret with anybody.
std::span<std::uint8_t> SharedSecrets::set_of(const PublicKey& key) {
  if (sets_ == 0 || key == PublicKey{}) return {};
  const std::size_t set = hash_(key.bytes) & (sets_ - 1);
  return memory_->bytes().subspan(set * ways * entry_size, ways * entry_size);
}

std::optional<std::size_t> SharedSecrets::place_of(std::span<const std::uint8_t> set,
                                                   const PublicKey& key) {
  for (std::size_t i = 0; i * entry_size < set.size(); ++i)
    if (std::memcmp(&set[i * entry_size], key.bytes.data(), key.bytes.size()) == 0) return i;
  return std::nullopt;
}

void SharedSecrets::bring_forward(std::span<std::uint8_t> set, std::size_t from, std::size_t to) {
  if (from == to) return;
  const Secret<entry_size> moved{set.subspan(from * entry_size).first<entry_size>()};
  std::memmove(&set[(to + 1) * entry_size], &set[to * entry_size], (from - to) * entry_size);
  std::ranges::copy(moved.bytes(), set.subspan(to * entry_size).begin());
}

} // namespace provisiond::authenticate
