#include "events/captured_frame.hpp"

#include "events/answerable.hpp"
#include "events/credible_age.hpp"
#include "wire/messages.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace provisiond::events {

namespace {

Instant arrival_of(const kernel::ReceivedPacket& packet, const Instant& now) {
  if (!packet.received_at) return now;
  const WallTime seen = *packet.received_at;
  if (seen > now.wall || seen < now.wall - credible_age) return {now.steady, seen};
  return {now.steady - (now.wall - seen), seen};
}

} // namespace

std::variant<Sighting, CaptureRefusal> read_captured_frame(const kernel::ReceivedPacket& packet,
                                                           const WatchedPorts& watched,
                                                           const Instant& now) {
  const std::variant<wire::UdpDatagram, wire::FrameFault> parsed =
      wire::parse_ip_packet(packet.bytes);
  if (const wire::FrameFault* fault = std::get_if<wire::FrameFault>(&parsed)) {
    return CaptureRefusal{*fault};
  }
  const wire::UdpDatagram& datagram = std::get<wire::UdpDatagram>(parsed);
  const std::variant<wire::InitiationView, wire::FrameFault> initiation =
      wire::parse_initiation(datagram);
  if (const wire::FrameFault* fault = std::get_if<wire::FrameFault>(&initiation)) {
    return CaptureRefusal{*fault};
  }
  const std::optional<InterfaceId> interface = watched.interface_of(datagram.destination.port);
  if (!can_be_answered(datagram.source, packet.ifindex)) {
    return CaptureRefusal{metrics::SightingDrop::impossible_source};
  }

  const Instant arrival = arrival_of(packet, now);
  Sighting sighting{
      .interface = interface.value_or(InterfaceId{}),
      .source = with_scope(datagram.source, packet.ifindex),
      .local = with_scope(datagram.destination, packet.ifindex),
      .seen_at = arrival.steady,
      .seen_at_wall = arrival.wall,
  };
  sighting.is_redirected = !interface;
  std::ranges::copy(std::get<wire::InitiationView>(initiation).bytes(),
                    sighting.initiation.begin());
  return sighting;
}

} // namespace provisiond::events
