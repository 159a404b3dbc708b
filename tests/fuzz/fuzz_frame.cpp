// Any bytes as an IP packet: parsing them reads nothing outside, and what comes out lies inside. As
// a captured packet, with any time and device (the first twelve bytes), it is a sighting only when
// it is an initiation for the watched port, and one that can be answered.

#include "events/captured_frame.hpp"
#include "fuzz/input.hpp"
#include "wire/frame.hpp"

#include <chrono>
#include <cstdint>
#include <variant>

using provisiond::wire::FrameFault;
using provisiond::wire::UdpDatagram;

namespace provisiond::fuzz {
namespace {

constexpr std::uint16_t watched_port = 51820;
constexpr Instant now{.steady = TimePoint{std::chrono::hours{1}},
                      .wall = WallTime{std::chrono::seconds{1'700'000'000}}};

const events::WatchedPorts& watched_ports() {
  static const events::WatchedPorts ports = [] {
    events::WatchedPorts made{1};
    require(made.add({.id = {3}, .ifindex = 5, .listen_port = watched_port}).has_value());
    return made;
  }();
  return ports;
}

void check_packet(Bytes packet) {
  const std::variant<UdpDatagram, FrameFault> parsed = wire::parse_ip_packet(packet);
  if (const FrameFault* fault = std::get_if<FrameFault>(&parsed)) {
    require(!to_string(*fault).empty());
    return;
  }
  const UdpDatagram& datagram = std::get<UdpDatagram>(parsed);
  require(datagram.payload.data() >= packet.data() &&
          datagram.payload.data() + datagram.payload.size() <= packet.data() + packet.size());
  require(datagram.source.address.family == datagram.destination.address.family);

  // Its own packet, built anew, says the same.
  const Result<std::vector<std::uint8_t>> rebuilt =
      wire::build_udp_packet(datagram.source, datagram.destination, datagram.payload);
  require(rebuilt.has_value());
  const std::variant<UdpDatagram, FrameFault> again = wire::parse_ip_packet(*rebuilt);
  require(std::get<UdpDatagram>(again).source == datagram.source);
  require(std::get<UdpDatagram>(again).payload.size() == datagram.payload.size());
}

void check_captured(Input input) {
  kernel::ReceivedPacket packet{
      .bytes = {},
      .ifindex = input.number<std::uint32_t>(),
      .received_at = WallTime{std::chrono::nanoseconds{input.number<std::int64_t>()}}};
  packet.bytes = input.rest();
  const std::variant<Sighting, events::CaptureRefusal> read =
      events::read_captured_frame(packet, watched_ports(), now);
  const Sighting* const sighting = std::get_if<Sighting>(&read);
  if (sighting == nullptr) return;
  require(sighting->interface.value == 3 && sighting->has_initiation());
  require(sighting->source.port != 0 && sighting->local.port == watched_port);
  require(sighting->seen_at <= now.steady &&
          now.steady - sighting->seen_at <= std::chrono::seconds{10});
}

} // namespace
} // namespace provisiond::fuzz

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  provisiond::fuzz::check_packet({data, size});
  provisiond::fuzz::check_captured(provisiond::fuzz::Input{{data, size}});
  return 0;
}
