#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/packet_filter.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace provisiond::kernel {

// One packet, from its IP header on. Points into the socket's buffers. Of a packet longer than
// `PacketSocket::packet_bytes` only the beginning is there, as the lengths in its headers show.
struct ReceivedPacket {
  std::span<const std::uint8_t> bytes;
  std::uint32_t ifindex = 0;             // the device that handed it to the IP layer
  std::optional<WallTime> received_at{}; // the kernel's stamp
};

// A packet socket (AF_PACKET, SOCK_DGRAM) that sees the packets of one IP version that this network
// namespace receives, on all devices, after VLAN tags are gone and bridges and bonds have passed
// them on: where the IP layer takes over (a handler of ETH_P_IP or ETH_P_IPV6; one of ETH_P_ALL
// would also make the kernel copy everything that is sent, and see a packet on each device of a
// stack). Lets nothing through until it has a filter.
//
// Move-only. One thread at a time. Memory: about 45 KiB of receive buffers, and the kernel's.
class PacketSocket {
 public:
  static constexpr std::size_t batch_size = 64;
  // An initiation without options has 176 (IPv4) or 196 bytes; this leaves 316 for IPv6 extensions.
  static constexpr std::size_t packet_bytes = 512;

  // `buffer_bytes` bounds what may wait in the kernel, counted with its overhead. Beyond
  // net.core.rmem_max it takes CAP_NET_ADMIN; without that the kernel's maximum is taken.
  static Result<PacketSocket> open(IpAddress::Family family, std::size_t buffer_bytes);

  PacketSocket(PacketSocket&&) noexcept;
  PacketSocket& operator=(PacketSocket&&) noexcept;
  ~PacketSocket();

  // Replaces the filter in one step: each packet meets the old one or the new one. Packets that the
  // old one let through stay queued. When this fails, the old one stays.
  Status set_filter(std::span<const sock_filter> program);

  // At most `batch_size` packets, none when none wait; valid until the next call. Never blocks.
  // Passing faults (a device went down, buffers short) count as `faults` and end the batch early.
  Result<std::span<const ReceivedPacket>> receive();

  // Packets lost since open because the buffer was full. One system call.
  Result<std::uint64_t> drops();

  [[nodiscard]] std::uint64_t faults() const { return faults_; }
  [[nodiscard]] std::size_t granted_buffer_bytes() const { return granted_buffer_bytes_; }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  struct Buffers;

  explicit PacketSocket(UniqueFd fd);

  UniqueFd fd_;
  std::unique_ptr<Buffers> buffers_;
  std::uint64_t drops_ = 0;
  std::uint64_t faults_ = 0;
  std::size_t granted_buffer_bytes_ = 0;
};

} // namespace provisiond::kernel
