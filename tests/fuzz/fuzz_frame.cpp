// Any bytes as an IP packet: parsing them reads nothing outside, and what comes out lies inside.

#include "wire/frame.hpp"

#include <cstdint>
#include <cstdlib>

using provisiond::wire::FrameFault;
using provisiond::wire::UdpDatagram;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void parse(std::span<const std::uint8_t> packet) {
  const std::variant<UdpDatagram, FrameFault> parsed = provisiond::wire::parse_ip_packet(packet);
  if (const FrameFault* fault = std::get_if<FrameFault>(&parsed)) {
    require(!to_string(*fault).empty());
    return;
  }
  const UdpDatagram& datagram = std::get<UdpDatagram>(parsed);
  require(datagram.payload.data() >= packet.data() &&
          datagram.payload.data() + datagram.payload.size() <= packet.data() + packet.size());
  require(datagram.source.address.family == datagram.destination.address.family);
  static_cast<void>(provisiond::wire::parse_initiation(datagram));

  // Its own packet, built anew, says the same.
  const provisiond::Result<std::vector<std::uint8_t>> rebuilt =
      provisiond::wire::build_udp_packet(datagram.source, datagram.destination, datagram.payload);
  require(rebuilt.has_value());
  const std::variant<UdpDatagram, FrameFault> again = provisiond::wire::parse_ip_packet(*rebuilt);
  require(std::get<UdpDatagram>(again).source == datagram.source);
  require(std::get<UdpDatagram>(again).payload.size() == datagram.payload.size());
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  parse({data, size});
  return 0;
}
