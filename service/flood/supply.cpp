#include "flood/supply.hpp"

#include "initiator/initiation.hpp"
#include "initiator/key_file.hpp"
#include "wire/messages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace provisiond::flood {

namespace {

using initiator::Payload;

// What is replayed: an initiation of the first key of the file, or of a key that nobody knows.
Result<std::vector<InitiationBytes>> one_to_replay(const Order& order) {
  if (order.keys_file.empty()) return initiator::initiations_of_random_keys(1, order.gateway);
  Result<std::vector<Secret<32>>> keys = initiator::read_private_keys(order.keys_file);
  if (!keys) return fail(keys.error());
  if (keys->empty()) return fail(Error{fmt::format("{}: no key in it", order.keys_file)});
  keys->resize(1);
  return initiator::initiations_of(*keys, order.gateway, initiator::TimestampKind::now);
}

Result<std::vector<InitiationBytes>> loaded(const Order& order) {
  Result<std::vector<InitiationBytes>> initiations = initiator::read_initiations(order.load_file);
  if (!initiations) return fail(initiations.error());
  if (initiations->empty())
    return fail(Error{fmt::format("{}: no initiation in it", order.load_file)});
  if (initiations->size() > most_distinct)
    return fail(Error{fmt::format("{}: more than {} initiations", order.load_file, most_distinct)});
  return initiations;
}

Result<std::vector<InitiationBytes>> initiations_for(Kind kind, std::size_t count,
                                                     const Order& order) {
  if (!order.load_file.empty()) return loaded(order);
  switch (kind) {
  case Kind::forged:
    return initiator::forged_initiations(count, order.claimed.value_or(PublicKey{}), order.gateway);
  case Kind::replayed:
    return one_to_replay(order);
  default:
    return initiator::initiations_of_random_keys(count, order.gateway);
  }
}

} // namespace

std::vector<Payload> garbage_of_all_sorts(std::size_t count, const PublicKey& gateway) {
  const std::size_t fifth = (count + 4) / 5;
  std::vector<std::vector<Payload>> sorts;
  sorts.push_back(initiator::garbage(2 * fifth)); // of both shapes, in turn
  sorts.push_back(initiator::truncated(fifth, gateway));
  sorts.push_back(initiator::oversized(fifth, gateway));
  sorts.push_back(initiator::with_wrong_mac1(fifth, gateway));
  std::vector<Payload> mixed;
  mixed.reserve(5 * fifth);
  for (std::size_t i = 0; i < fifth; ++i) {
    mixed.push_back(std::move(sorts[0][2 * i]));
    mixed.push_back(std::move(sorts[0][2 * i + 1]));
    for (std::size_t sort = 1; sort < sorts.size(); ++sort)
      mixed.push_back(std::move(sorts[sort][i]));
  }
  mixed.resize(std::min(mixed.size(), count));
  return mixed;
}

Result<Supply> Supply::make(const Order& order) {
  Supply supply;
  for (const Kind kind : order.kinds) {
    if (kind == Kind::valid) continue;
    if (const Status filled = supply.fill(kind, order); !filled)
      return fail(filled.error().while_doing(fmt::format("prepare packets ({})", to_string(kind))));
  }
  return supply;
}

Status Supply::fill(Kind kind, const Order& order) {
  const std::uint64_t share = (order.packets + order.kinds.size() - 1) / order.kinds.size();
  const std::size_t count =
      static_cast<std::size_t>(std::min<std::uint64_t>(order.distinct, share));
  if (kind == Kind::garbage) {
    keep(kind, garbage_of_all_sorts(count, order.gateway));
    return {};
  }
  const Result<std::vector<InitiationBytes>> initiations = initiations_for(kind, count, order);
  if (!initiations) return fail(initiations.error());
  keep(kind, initiator::to_payloads(*initiations));
  return {};
}

void Supply::keep(Kind kind, std::vector<Payload> payloads) {
  std::vector<Prepared>& packets = packets_[index_of(kind)];
  packets.reserve(payloads.size());
  for (Payload& payload : payloads) {
    const std::optional<wire::InitiationView> view = wire::view_initiation(payload);
    if (view) by_sender_.insert_or_assign(view->sender(), Place{kind, packets.size()});
    packets.push_back({.bytes = std::move(payload)});
  }
}

Supply::Place Supply::next(Kind kind) {
  const std::size_t count = packets_[index_of(kind)].size();
  std::size_t& next = next_[index_of(kind)];
  const Place place{kind, next};
  next = (next + 1) % count;
  return place;
}

const Supply::Place* Supply::sent_with_index(std::uint32_t sender) const {
  const std::unordered_map<std::uint32_t, Place>::const_iterator found = by_sender_.find(sender);
  return found == by_sender_.end() ? nullptr : &found->second;
}

std::size_t Supply::distinct() const {
  std::size_t sum = 0;
  for (const std::vector<Prepared>& packets : packets_)
    sum += packets.size();
  return sum;
}

std::vector<InitiationBytes> Supply::initiations(Kind kind) const {
  std::vector<InitiationBytes> initiations;
  for (const Prepared& packet : packets_[index_of(kind)]) {
    const std::optional<wire::InitiationView> view = wire::view_initiation(packet.bytes);
    if (!view) continue;
    std::ranges::copy(view->bytes(), initiations.emplace_back().begin());
  }
  return initiations;
}

} // namespace provisiond::flood
