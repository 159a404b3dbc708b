#include "flow/context.hpp"

#include <utility>

namespace provisiond::flow {

void Context::refuse(const Sighting& sighting, Refusal refusal, std::optional<PublicKey> key,
                     const Instant& now) {
  report.refused(interface_of(sighting.interface), sighting, refusal, key, now.steady);
  if (key)
    last_words.refused({.interface = sighting.interface, .key = *key}, refusal, sighting,
                       now.steady);
  // Without the initiation the key was only claimed.
  if (key && sighting.has_initiation() && is_gateways_own(refusal)) record(sighting, *key, refusal);
}

void Context::remember(const PeerId& id, Refusal refusal, const Instant& now) {
  const TimePoint until = wiring.negative_cache.with(
      [&](admit::NegativeCache& keys) { return keys.remember(id, refusal, now.steady); });
  if (!interface_of(id.interface).is_dry_run) wiring.refusal_sink.refuse(id, until);
}

void Context::record(const Sighting& sighting, const PublicKey& key, Refusal refusal) {
  if (interface_of(sighting.interface).is_dry_run) return;
  wiring.reports.push(RefusedKey{
      .interface = sighting.interface, .key = key, .reason = refusal, .source = sighting.source});
}

bool Context::ask(LookupPurpose purpose, const PeerId& id, const Instant& now) {
  const std::optional<std::uint64_t> number = wiring.ledger.take(purpose, id, now.steady);
  if (!number) return false;
  LookupRequest request{.interface = id.interface,
                        .key = id.key,
                        .purpose = purpose,
                        .number = *number,
                        .asked_at = now.steady};
  return wiring.lookups.push(std::move(request)) || !wiring.ledger.free(*number);
}

} // namespace provisiond::flow
