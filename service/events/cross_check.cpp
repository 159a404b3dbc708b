#include "events/cross_check.hpp"

#include "wire/messages.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace provisiond::events {

namespace {

metrics::CrossCheck only(SourceKind kind) {
  switch (kind) {
  case SourceKind::capture:
    return metrics::CrossCheck::only_capture;
  case SourceKind::probe:
    return metrics::CrossCheck::only_probe;
  case SourceKind::netlink:
    break;
  }
  return metrics::CrossCheck::only_netlink;
}

std::optional<PublicKey> key_of(const Sighting& sighting) {
  if (!sighting.claimed) return std::nullopt;
  return sighting.claimed->key;
}

} // namespace

void CrossCheck::note(const Sighting& sighting, TimePoint now) {
  expire(now);
  const std::uint64_t id = id_of(sighting);
  const auto [entry, is_new] = waiting_.try_emplace(
      id, Entry{.first = sighting.seen_by, .source = sighting.source, .claimed = key_of(sighting)});
  if (is_new) {
    due_.push_back({.id = id, .at = now + limits_.window});
    if (due_.size() > limits_.entries) judge_oldest();
    return;
  }
  Entry& known = entry->second;
  if (known.is_settled || known.first == sighting.seen_by) return; // a copy
  const std::optional<PublicKey> key = key_of(sighting);
  const bool keys_agree = !key || !known.claimed || *key == *known.claimed;
  const bool agreed = keys_agree && known.source == sighting.source;
  metrics_.cross_checks[agreed ? metrics::CrossCheck::agreed : metrics::CrossCheck::differed].add();
  known.is_settled = true;
}

void CrossCheck::excuse(const Sighting& sighting) {
  const std::unordered_map<std::uint64_t, Entry>::iterator entry = waiting_.find(id_of(sighting));
  if (entry != waiting_.end()) entry->second.is_settled = true;
}

void CrossCheck::expire(TimePoint now) {
  while (!due_.empty() && due_.front().at <= now)
    judge_oldest();
}

void CrossCheck::judge_oldest() {
  const std::unordered_map<std::uint64_t, Entry>::iterator entry = waiting_.find(due_.front().id);
  if (!entry->second.is_settled) metrics_.cross_checks[only(entry->second.first)].add();
  waiting_.erase(entry);
  due_.pop_front();
}

std::uint64_t CrossCheck::id_of(const Sighting& sighting) const {
  std::array<std::uint8_t, sizeof sighting.interface.value + wire::mac_size> input{};
  std::memcpy(input.data(), &sighting.interface.value, sizeof sighting.interface.value);
  std::ranges::copy(
      std::span{sighting.initiation}.subspan<wire::InitiationLayout::mac1, wire::mac_size>(),
      input.begin() + sizeof sighting.interface.value);
  return hash_(input);
}

} // namespace provisiond::events
