#pragma once

#include "base/clock.hpp"
#include "events/watched_ports.hpp"
#include "handoff/sighting.hpp"
#include "kernel/packet_socket.hpp"
#include "metrics/metrics.hpp"
#include "wire/frame.hpp"

#include <variant>

namespace provisiond::events {

// Why a captured packet is no sighting: what is wrong with the packet, or why it is not for us.
using CaptureRefusal = std::variant<wire::FrameFault, metrics::SightingDrop>;

// Reads one captured packet: an initiation for a watched port, or the reason why not. One for
// another port is taken as redirected (Sighting::is_redirected), without an interface. A packet
// from an address or port that nobody can answer (unspecified, multicast, broadcast, port 0,
// loopback on another device than `lo`) is refused, because capture comes before the kernel's own
// check.
//
// The time is the kernel's stamp on both clocks; without one, or when the stamp is ahead of `now`
// or more than ten seconds behind (the wall clock was set), durations count from `now`. Link-local
// addresses get the packet's device as their scope.
//
// Pure, thread-safe, allocates nothing.
[[nodiscard]] std::variant<Sighting, CaptureRefusal>
read_captured_frame(const kernel::ReceivedPacket& packet, const WatchedPorts& watched,
                    const Instant& now);

} // namespace provisiond::events
