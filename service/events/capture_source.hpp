#pragma once

#include "base/unique_fd.hpp"
#include "events/captured_frame.hpp"
#include "events/source.hpp"
#include "events/watched_ports.hpp"
#include "kernel/packet_socket.hpp"
#include "metrics/metrics.hpp"

#include <cstddef>
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
// firewall drops, or that is only forwarded, is reported too; mac1 tells the latter.
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
  };

  // One `read` appends at most this many.
  static constexpr std::size_t maximum_per_read = 2 * kernel::PacketSocket::batch_size;

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
  [[nodiscard]] std::size_t granted_buffer_bytes() const { return v4_.granted_buffer_bytes(); }

 private:
  CaptureSource(UniqueFd ready, kernel::PacketSocket v4, kernel::PacketSocket v6,
                metrics::Metrics& metrics);

  Status take_over(WatchedPorts next);
  Status read_socket(kernel::PacketSocket& socket, const Instant& now, std::vector<Sighting>& sink);
  void count(const CaptureRefusal& refusal);

  UniqueFd ready_; // epoll over both sockets
  kernel::PacketSocket v4_;
  kernel::PacketSocket v6_;
  WatchedPorts watched_{maximum_interfaces};
  SourceStatistics statistics_;
  metrics::Metrics& metrics_;
};

} // namespace provisiond::events
