#pragma once

#include "kernel/change_part.hpp"
#include "kernel/wiped_buffer.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace provisiond::kernel {

// The text of the cross-platform configuration protocol (https://www.wireguard.com/xplatform/):
// lines "key=value\n", keys in hexadecimal, a blank line at the end.

// No stanza that `append_stanza` writes is longer: the first is for all but the allowed IPs.
inline constexpr std::size_t stanza_bytes = 512;
inline constexpr std::size_t allowed_ip_bytes = 64;
inline constexpr std::size_t maximum_stanza_bytes =
    stanza_bytes + ChangePart::maximum_allowed_ips * allowed_ip_bytes;

// A `set` operation with its stanzas has at most this many changes and bytes.
inline constexpr std::size_t maximum_operation_changes = 256;
inline constexpr std::size_t maximum_operation_bytes = std::size_t{128} << 10;

// How many of the leading changes may go into one `set` operation: at least 1 where there are any.
// Within the limits above, and so that no stanza without a keepalive follows one that turns a
// keepalive on: wireguard-go (device/uapi.go: ipcSetPeer.pkaOn) carries "was turned on" over to the
// next stanza and would initiate a handshake with a peer that nobody asked it to greet. A change
// with several parts goes alone, one part in an operation.
std::size_t operation_length(std::span<const PeerChange> changes);

// Appends the stanza of one peer; `out` has room for `maximum_stanza_bytes`.
void append_stanza(const ChangePart& part, WipedBuffer& out);
// Appends a line; false, and nothing written, when there is no room.
bool append_line(std::string_view line, WipedBuffer& out);

} // namespace provisiond::kernel
