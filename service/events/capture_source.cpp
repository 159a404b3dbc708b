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

Status attach(kernel::PacketSocket& socket, IpAddress::Family family, const WatchedPorts& watched) {
  return socket.set_filter(kernel::datagram_filter(family, initiation_pattern, watched.ports()));
}

} // namespace

CaptureSource::CaptureSource(UniqueFd ready, kernel::PacketSocket v4, kernel::PacketSocket v6,
                             metrics::Metrics& metrics)
    : ready_{std::move(ready)}, v4_{std::move(v4)}, v6_{std::move(v6)}, metrics_{metrics} {}

Result<std::unique_ptr<CaptureSource>> CaptureSource::open(const Limits& limits,
                                                           metrics::Metrics& metrics) {
  Result<kernel::PacketSocket> v4 =
      kernel::PacketSocket::open(IpAddress::Family::v4, limits.buffer_bytes);
  if (!v4) return fail(v4.error().while_doing("start packet capture"));
  Result<kernel::PacketSocket> v6 =
      kernel::PacketSocket::open(IpAddress::Family::v6, limits.buffer_bytes);
  if (!v6) return fail(v6.error().while_doing("start packet capture"));
  Result<UniqueFd> ready = kernel::poll_together(std::array{v4->fd(), v6->fd()});
  if (!ready) return fail(ready.error().while_doing("start packet capture"));
  return std::unique_ptr<CaptureSource>{
      new CaptureSource{std::move(*ready), std::move(*v4), std::move(*v6), metrics}};
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
  Status v4 = attach(v4_, IpAddress::Family::v4, next);
  if (!v4) return v4;
  Status v6 = attach(v6_, IpAddress::Family::v6, next);
  if (!v6) {
    // Should this fail too, nothing wrong comes through: packets are judged by `watched_`.
    [[maybe_unused]] const Status restored = attach(v4_, IpAddress::Family::v4, watched_);
    return v6;
  }
  watched_ = std::move(next);
  return {};
}

Status CaptureSource::read(const Instant& now, std::vector<Sighting>& sink) {
  Status v4 = read_socket(v4_, now, sink);
  if (!v4) return v4;
  return read_socket(v6_, now, sink);
}

Status CaptureSource::read_socket(kernel::PacketSocket& socket, const Instant& now,
                                  std::vector<Sighting>& sink) {
  Result<std::span<const kernel::ReceivedPacket>> packets = socket.receive();
  if (!packets) return fail(packets.error());
  for (const kernel::ReceivedPacket& packet : *packets) {
    const std::variant<Sighting, CaptureRefusal> verdict =
        read_captured_frame(packet, watched_, now);
    if (const Sighting* sighting = std::get_if<Sighting>(&verdict)) {
      sink.push_back(*sighting);
      ++statistics_.sightings;
      metrics_.sightings[SourceKind::capture].add();
    } else {
      count(std::get<CaptureRefusal>(verdict));
    }
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
  for (kernel::PacketSocket* socket : {&v4_, &v6_}) {
    Result<std::uint64_t> socket_drops = socket->drops();
    if (!socket_drops) return fail(socket_drops.error());
    drops += *socket_drops;
  }
  const std::uint64_t new_drops = drops - std::exchange(statistics_.kernel_drops, drops);
  metrics_.sighting_drops[metrics::SightingDrop::kernel_buffer].add(new_drops);
  statistics_.receive_errors = v4_.faults() + v6_.faults();
  return statistics_;
}

} // namespace provisiond::events
