#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "kernel/packet_sender.hpp"

#include <cstdint>
#include <span>

namespace provisiond::kernel {

// Sends whole IP packets, header included, with any source address: a client's initiation to one of
// this host's own addresses (it arrives over loopback), or a reply whose source is the device's own
// port. The kernel fills in the checksum, and the identification when it is 0, of an IPv4 header;
// checksums inside (UDP) are the caller's. It takes CAP_NET_RAW. Never blocks, receives nothing.
// One thread. Where the host has no IPv6, sending such a packet is an Error.
class RawSender final : public PacketSender {
 public:
  static Result<RawSender> open();

  // The packet goes to the destination in its header. `scope` is the interface index of a
  // link-local IPv6 destination, else 0. EINVAL for what is no whole IP packet.
  Status send(std::span<const std::uint8_t> packet, std::uint32_t scope) override;

 private:
  RawSender(UniqueFd v4, UniqueFd v6) : v4_{std::move(v4)}, v6_{std::move(v6)} {}

  UniqueFd v4_;
  UniqueFd v6_; // none where the host has no IPv6
};

} // namespace provisiond::kernel
