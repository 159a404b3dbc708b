// Any bytes as an IP packet: parsing them reads nothing outside, and what comes out lies inside. As
// a captured packet, with any time and device (the first twelve bytes), it is a sighting only when
// it is an initiation that can be answered; one for another port than the watched one says so.

#include "events/captured_frame.hpp"
#include "fuzz/input.hpp"
#include "fuzz/targets.hpp"
#include "wire/frame.hpp"

#include <chrono>
#include <cstdint>
#include <variant>

namespace provisiond::fuzz::fuzz_frame {

using provisiond::wire::FrameFault;
using provisiond::wire::UdpDatagram;

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
  require(sighting->has_initiation() && sighting->source.port != 0);
  require(sighting->is_redirected == (sighting->local.port != watched_port));
  require(sighting->is_redirected || sighting->interface.value == 3);
  require(sighting->seen_at <= now.steady &&
          now.steady - sighting->seen_at <= std::chrono::seconds{10});
}

} // namespace

void run(Bytes bytes) {
  check_packet(bytes);
  check_captured(Input{bytes});
}

} // namespace provisiond::fuzz::fuzz_frame
