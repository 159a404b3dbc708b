#include "events/capture_source.hpp"

#include "events/captured_frame.hpp"
#include "kernel/poll_together.hpp"
#include "wire/messages.hpp"

#include <array>
#include <span>
#include <utility>
#include <variant>

namespace provisiond::events {

namespace {

constexpr std::uint16_t udp_header_size = 8;
constexpr kernel::DatagramPattern initiation_pattern{
    .udp_length = udp_header_size + wire::InitiationLayout::size,
    .first_word = std::uint32_t{static_cast<std::uint8_t>(wire::MessageType::initiation)} << 24,
};

Status attach(kernel::PacketSocket& socket, IpAddress::Family family, const WatchedPorts& watched,
              kernel::PortMatch match) {
  return socket.set_filter(
      kernel::datagram_filter(family, initiation_pattern, watched.ports(), match));
}

Result<kernel::PacketSocket> open_socket(IpAddress::Family family, std::size_t buffer_bytes) {
  Result<kernel::PacketSocket> socket = kernel::PacketSocket::open(family, buffer_bytes);
  if (!socket) return fail(socket.error().while_doing("start packet capture"));
  return socket;
}

} // namespace

CaptureSource::CaptureSource(UniqueFd ready, Sockets sockets, metrics::Metrics& metrics)
    : ready_{std::move(ready)}, sockets_{std::move(sockets)}, metrics_{metrics} {}

Result<std::unique_ptr<CaptureSource>> CaptureSource::open(const Limits& limits,
                                                           metrics::Metrics& metrics) {
  constexpr IpAddress::Family v4 = IpAddress::Family::v4;
  constexpr IpAddress::Family v6 = IpAddress::Family::v6;
  Result<kernel::PacketSocket> watched_v4 = open_socket(v4, limits.buffer_bytes);
  if (!watched_v4) return fail(watched_v4.error());
  Result<kernel::PacketSocket> watched_v6 = open_socket(v6, limits.buffer_bytes);
  if (!watched_v6) return fail(watched_v6.error());
  Result<kernel::PacketSocket> other_v4 = open_socket(v4, limits.other_buffer_bytes);
  if (!other_v4) return fail(other_v4.error());
  Result<kernel::PacketSocket> other_v6 = open_socket(v6, limits.other_buffer_bytes);
  if (!other_v6) return fail(other_v6.error());
  Result<UniqueFd> ready = kernel::poll_together(
      std::array{watched_v4->fd(), watched_v6->fd(), other_v4->fd(), other_v6->fd()});
  if (!ready) return fail(ready.error().while_doing("start packet capture"));
  return std::unique_ptr<CaptureSource>{new CaptureSource{std::move(*ready),
                                                          Sockets{.v4 = std::move(*watched_v4),
                                                                  .v6 = std::move(*watched_v6),
                                                                  .other_v4 = std::move(*other_v4),
                                                                  .other_v6 = std::move(*other_v6)},
                                                          metrics}};
}

Status CaptureSource::watch(const WatchedInterface& interface) {
  WatchedPorts next = watched_;
  Status added = next.add(interface);
  if (!added) return added;
  return take_over(std::move(next));
}

Status CaptureSource::unwatch(InterfaceId interface) {
  WatchedPorts next = watched_;
  next.remove(interface);
  return take_over(std::move(next));
}

Status CaptureSource::take_over(WatchedPorts next) {
  Status changed = set_filters(next);
  if (!changed) {
    // Should this fail too, nothing wrong comes through: packets are judged by `watched_`.
    [[maybe_unused]] const Status restored = set_filters(watched_);
    return changed;
  }
  watched_ = std::move(next);
  return {};
}

Status CaptureSource::set_filters(const WatchedPorts& watched) {
  using Match = kernel::PortMatch;
  Status set = attach(sockets_.v4, IpAddress::Family::v4, watched, Match::among);
  if (set) set = attach(sockets_.v6, IpAddress::Family::v6, watched, Match::among);
  if (set) set = attach(sockets_.other_v4, IpAddress::Family::v4, watched, Match::except);
  if (set) set = attach(sockets_.other_v6, IpAddress::Family::v6, watched, Match::except);
  return set;
}

Status CaptureSource::read(const Instant& now, std::vector<Sighting>& sink) {
  for (kernel::PacketSocket* const socket : {&sockets_.v4, &sockets_.v6}) {
    Status done = read_socket(*socket, Ports::watched, now, sink);
    if (!done) return done;
  }
  for (kernel::PacketSocket* const socket : {&sockets_.other_v4, &sockets_.other_v6}) {
    Status done = read_socket(*socket, Ports::other, now, sink);
    if (!done) return done;
  }
  return {};
}

// What the filters cannot judge comes through both: each socket tells of its own ports, and that of
// the watched ones of what is wrong.
Status CaptureSource::read_socket(kernel::PacketSocket& socket, Ports ports, const Instant& now,
                                  std::vector<Sighting>& sink) {
  Result<std::span<const kernel::ReceivedPacket>> packets = socket.receive();
  if (!packets) return fail(packets.error());
  const bool is_watched = ports == Ports::watched;
  for (const kernel::ReceivedPacket& packet : *packets) {
    const std::variant<Sighting, CaptureRefusal> verdict =
        read_captured_frame(packet, watched_, now);
    const Sighting* const sighting = std::get_if<Sighting>(&verdict);
    if (sighting == nullptr) {
      if (is_watched) count(std::get<CaptureRefusal>(verdict));
      continue;
    }
    if (sighting->is_redirected == is_watched) continue;
    if (!local_addresses_.contains(sighting->local.address, packet.ifindex, now.steady)) {
      count(CaptureRefusal{metrics::SightingDrop::forwarded});
      continue;
    }
    sink.push_back(*sighting);
    ++statistics_.sightings;
    if (is_watched) metrics_.sightings[SourceKind::capture].add();
  }
  return {};
}

void CaptureSource::count(const CaptureRefusal& refusal) {
  ++statistics_.refused;
  if (const wire::FrameFault* fault = std::get_if<wire::FrameFault>(&refusal)) {
    metrics_.frame_refusals[*fault].add();
  } else {
    metrics_.sighting_drops[std::get<metrics::SightingDrop>(refusal)].add();
  }
}

Result<SourceStatistics> CaptureSource::statistics() {
  std::uint64_t drops = 0;
  for (kernel::PacketSocket* socket : {&sockets_.v4, &sockets_.v6}) {
    Result<std::uint64_t> socket_drops = socket->drops();
    if (!socket_drops) return fail(socket_drops.error());
    drops += *socket_drops;
  }
  const std::uint64_t new_drops = drops - std::exchange(statistics_.kernel_drops, drops);
  metrics_.sighting_drops[metrics::SightingDrop::kernel_buffer].add(new_drops);
  statistics_.receive_errors = sockets_.v4.faults() + sockets_.v6.faults();
  return statistics_;
}

} // namespace provisiond::events
