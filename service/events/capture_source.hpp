#pragma once

#include "base/unique_fd.hpp"
#include "events/captured_frame.hpp"
#include "events/local_addresses.hpp"
#include "events/source.hpp"
#include "events/watched_ports.hpp"
#include "kernel/packet_socket.hpp"
#include "metrics/metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace provisiond::events {

// Learns of handshake initiations by listening to the network (AF_PACKET): works with every kernel
// and every WireGuard implementation, and has the initiation's bytes. Needs CAP_NET_RAW, and
// CAP_NET_ADMIN for a buffer beyond net.core.rmem_max.
//
// Sees what the machine receives in its own network namespace, also over `lo`, on devices of any
// link type. It listens at the door of the IP layer, one socket per IP version: a packet counts on
// the device that hands it to IP (the VLAN, bridge or bond above the physical one), and what the
// machine sends is never seen. It stands before the firewall and before routing: a packet that the
// firewall drops is reported too; one that is only forwarded is not, although it may be for a
// gateway with the same key.
//
// A packet that the firewall redirects to an interface's port has its own port here. So initiations
// to all other ports are taken as well, through sockets with a small buffer, and the flow finds out
// by mac1 which of them are for us and counts those. What fills that buffer takes nothing from the
// watched ports, and is not counted.
//
// A filter in the kernel lets through UDP datagrams to a watched port that have the length and the
// type of an initiation; the rest costs no wake-up. What it cannot judge (first fragments, more
// extension headers than it walks) is refused here, by name.
//
// Moves `sightings`, `frame_refusals` and `sighting_drops`. Memory: the kernel's buffer of
// `Limits::buffer_bytes` per IP version, and about 100 KiB here. At most `maximum_interfaces`
// interfaces.
class CaptureSource final : public Source {
 public:
  // One instruction per port in the filter, whose jumps reach 255 instructions far.
  static constexpr std::size_t maximum_interfaces = kernel::maximum_filter_ports;

  struct Limits {
    // Per IP version. The kernel doubles it and counts 0.8 (veth) to 2.5 KiB (network cards) per
    // waiting packet: 8 MiB hold at least 6,000 initiations.
    std::size_t buffer_bytes = std::size_t{8} << 20;
    std::size_t other_buffer_bytes = std::size_t{256} << 10; // for ports that are no interface's
  };

  // One `read` appends at most this many.
  static constexpr std::size_t maximum_per_read = 4 * kernel::PacketSocket::batch_size;

  static Result<std::unique_ptr<CaptureSource>> open(const Limits& limits,
                                                     metrics::Metrics& metrics);

  [[nodiscard]] SourceKind kind() const override { return SourceKind::capture; }
  [[nodiscard]] int fd() const override { return ready_.get(); }
  Status watch(const WatchedInterface& interface) override;
  Status unwatch(InterfaceId interface) override;
  Status read(const Instant& now, std::vector<Sighting>& sink) override;
  Result<SourceStatistics> statistics() override;

  // What the kernel granted per IP version, doubled as it does. Less than twice the limit means
  // that net.core.rmem_max cut it, for want of CAP_NET_ADMIN.
  [[nodiscard]] std::size_t granted_buffer_bytes() const {
    return sockets_.v4.granted_buffer_bytes();
  }

 private:
  struct Sockets {
    kernel::PacketSocket v4;
    kernel::PacketSocket v6;
    kernel::PacketSocket other_v4;
    kernel::PacketSocket other_v6;
  };

  CaptureSource(UniqueFd ready, Sockets sockets, metrics::Metrics& metrics);

  Status set_filters(const WatchedPorts& watched);
  Status take_over(WatchedPorts next);
  enum class Ports : std::uint8_t { watched, other };
  Status read_socket(kernel::PacketSocket& socket, Ports ports, const Instant& now,
                     std::vector<Sighting>& sink);
  void count(const CaptureRefusal& refusal);

  UniqueFd ready_; // epoll over all sockets
  Sockets sockets_;
  LocalAddresses local_addresses_;
  WatchedPorts watched_{maximum_interfaces};
  SourceStatistics statistics_;
  metrics::Metrics& metrics_;
};

} // namespace provisiond::events
