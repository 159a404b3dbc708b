#pragma once

#include "kernel/change_part.hpp"
#include "kernel/wg_device.hpp"
#include "kernel/wg_dialect.hpp"
#include "kernel/wiped_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace provisiond::kernel {

// The messages of the kernel's `wireguard` generic netlink family (linux/wireguard.h), and of
// AmneziaWG's family, which has the same numbers for what we use, but for one format. No I/O.

// Which family and which interface a message is for.
struct WgTarget {
  std::uint16_t family = 0;
  std::uint32_t ifindex = 0;
  KeepaliveFormat keepalive = KeepaliveFormat::seconds;
};

// No message that `append_change` or `append_get_device` writes is longer.
inline constexpr std::size_t maximum_message_bytes =
    256 + ChangePart::maximum_allowed_ips * std::size_t{40};
static_assert(maximum_message_bytes < 65536, "an attribute's length has 16 bits");

// Appends a WG_CMD_SET_DEVICE with one peer that asks for an acknowledgement; `out` has room for
// `maximum_message_bytes`.
void append_change(const WgTarget& target, const ChangePart& part, std::uint32_t sequence,
                   WipedBuffer& out);
// Appends a dump request; same room.
void append_get_device(const WgTarget& target, std::uint32_t sequence, WipedBuffer& out);

// The device's own part of a dump, from the attributes of its first message; none when that has no
// interface index.
std::optional<DeviceIdentity> read_identity(std::span<const std::uint8_t> attributes);

// Collects the peers of a dump, message by message. A peer whose allowed IPs do not fit continues
// at the start of the next message, and is joined with what came before. Attributes of unknown type
// or of the wrong size are left out, and so is a peer without a key.
class PeerDump {
 public:
  void add(std::span<const std::uint8_t> attributes);
  std::vector<PeerState> take() { return std::move(peers_); }
  // Of a dump that was interrupted. When allowed IPs of the device are changed between the two
  // messages that tell of a peer, the second one leaves out the rest of its allowed IPs
  // (wireguard/netlink.c: get_peer); such a peer is left out.
  std::vector<PeerState> take_told_whole();

 private:
  void add_peer(std::span<const std::uint8_t> attributes);

  std::vector<PeerState> peers_;
  std::set<PublicKey> cut_short_;
};

} // namespace provisiond::kernel
