#include "events/probe_event.hpp"

#include "events/answerable.hpp"
#include "events/bpf/unknown_peer.h"
#include "events/credible_age.hpp"
#include "wire/messages.hpp"

#include <algorithm>
#include <chrono>

namespace provisiond::events {

namespace {

Instant arrival_of(std::uint64_t kernel_time_ns, const Instant& now) {
  const TimePoint seen{std::chrono::nanoseconds{kernel_time_ns}};
  if (seen > now.steady || seen < now.steady - credible_age) return now;
  return {.steady = seen, .wall = now.wall - (now.steady - seen)};
}

Endpoint endpoint_of(const std::uint8_t (&address)[16], std::uint16_t port, bool is_v6) {
  const std::span<const std::uint8_t, 16> bytes{address};
  return {.address = is_v6 ? IpAddress::v6(bytes) : IpAddress::v4(bytes.first<4>()), .port = port};
}

} // namespace

std::variant<Sighting, metrics::SightingDrop>
read_probe_event(const unknown_peer_event& event, std::uint32_t epoch, const Instant& now) {
  if (event.epoch != epoch) return metrics::SightingDrop::unwatched_interface;
  const bool is_v6 = event.is_ipv6 != 0;
  const Endpoint source = endpoint_of(event.source_address, event.source_port, is_v6);
  if (!can_be_answered(source, event.scope)) return metrics::SightingDrop::impossible_source;

  const Instant arrival = arrival_of(event.kernel_time_ns, now);
  Sighting sighting{
      .interface = InterfaceId{event.interface_id},
      .source = with_scope(source, event.scope),
      .local = with_scope(endpoint_of(event.local_address, event.local_port, is_v6), event.scope),
      .seen_at = arrival.steady,
      .seen_at_wall = arrival.wall,
      .seen_by = SourceKind::probe,
      .mac_state = event.under_load != 0 ? MacState::mac1_and_mac2 : MacState::mac1,
      .claimed = ClaimedKey{PublicKey::from(std::span<const std::uint8_t, 32>{event.public_key})},
  };
  std::ranges::copy(event.initiation, sighting.initiation.begin());
  if (!sighting.has_initiation()) return metrics::SightingDrop::malformed_event;
  return sighting;
}

} // namespace provisiond::events
