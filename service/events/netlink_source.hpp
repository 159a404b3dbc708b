#pragma once

#include "base/unique_fd.hpp"
#include "events/netlink_support.hpp"
#include "events/source.hpp"
#include "events/watched_families.hpp"
#include "kernel/generic_family.hpp"
#include "kernel/netlink_socket.hpp"
#include "metrics/metrics.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace provisiond::events {

// Learns of unknown peers from the kernel itself: the multicast group `auth` of the generic netlink
// family that an interface is configured through. What comes is what the module found valid, mac2
// included when it was under load, and for the interfaces of this network namespace alone.
//   wireguard   with deploy/kernel's patch: key, initiation, local endpoint, MAC state
//   amneziawg   a claim: key and source
// `offer` tells which. Joining takes CAP_NET_ADMIN in `wireguard`, nothing in `amneziawg`.
//
// A group is joined while an interface of its family is watched, so that an idle source costs the
// kernel nothing. `watch` fails, and changes nothing, when the interface is no kernel interface of
// ours, its family has no such group, or we may not join it; the Error says which.
//
// A removed module takes its family with it, and comes back with other numbers. When the family of
// a watched interface is gone, `read` fails, now and always: fall back, and make the source anew
// when netlink offers something again. Other families may come and go.
//
// Nothing in a message is trusted: what is foreign, truncated, about another interface or from an
// impossible source is refused and counted. When the queue overflows, reading goes on: once per
// overflow `receive_queue` moves (the kernel reports the next only after the queue was emptied),
// and `statistics` tells how many messages were lost.
//
// Moves `sightings` and `sighting_drops`. Memory: the kernel's queue of twice
// `Limits::buffer_bytes`, and about 100 KiB here. At most `maximum_interfaces` interfaces.
class NetlinkSource final : public Source {
 public:
  static constexpr std::size_t maximum_interfaces = 255;

  struct Limits {
    // The kernel doubles it and counts about 1.3 KiB per waiting message: 8 MiB hold 12,000.
    std::size_t buffer_bytes = std::size_t{8} << 20;
  };

  // One `read` takes at most this many datagrams; the kernel puts one message into each.
  static constexpr std::size_t maximum_per_read = 256;

  static Result<std::unique_ptr<NetlinkSource>> open(const Limits& limits,
                                                     metrics::Metrics& metrics);

  [[nodiscard]] SourceKind kind() const override { return SourceKind::netlink; }
  [[nodiscard]] int fd() const override { return ready_.get(); }
  // As things are now; a few system calls.
  [[nodiscard]] Offer offer(const WatchedInterface& interface) override;
  Status watch(const WatchedInterface& interface) override;
  Status unwatch(InterfaceId interface) override;
  Status read(const Instant& now, std::vector<Sighting>& sink) override;
  Result<SourceStatistics> statistics() override;

  // What the kernel granted, doubled as it does. Less than twice the limit means that
  // net.core.rmem_max cut it, for want of CAP_NET_ADMIN.
  [[nodiscard]] std::size_t granted_buffer_bytes() const { return granted_buffer_bytes_; }

 private:
  NetlinkSource(UniqueFd ready, kernel::NetlinkSocket announcements, kernel::FamilyMonitor families,
                metrics::Metrics& metrics);

  // An Error when the family of a watched interface is gone.
  Status follow_families();
  void leave_unused_groups();
  void take(const kernel::NetlinkMessage& message, const Instant& now, std::vector<Sighting>& sink);
  void refuse_message(metrics::SightingDrop reason);
  // What the socket reports in place of a message: counted, or passed on when nothing more is to be
  // had from it.
  Status survive(const Error& fault);

  UniqueFd ready_; // epoll over both sockets
  kernel::NetlinkSocket announcements_;
  kernel::FamilyMonitor families_;
  kernel::WipedBuffer buffer_;
  WatchedFamilies watched_{maximum_interfaces};
  std::array<std::optional<std::uint32_t>, kernel::wg_dialects.size()> joined_; // by dialect
  std::optional<Error> lost_;
  std::size_t granted_buffer_bytes_ = 0;
  SourceStatistics statistics_;
  metrics::Metrics& metrics_;
};

} // namespace provisiond::events
