#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "events/watched_families.hpp"
#include "handoff/sighting.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/wg_dialect.hpp"
#include "metrics/metrics.hpp"

#include <cstdint>
#include <optional>
#include <variant>

namespace provisiond::events {

// What a family says of a peer that it does not know. `amneziawg` has only the key and where it
// came from; `wireguard`, where deploy/kernel's patch has taught it to, has everything.
struct UnknownPeer {
  std::uint32_t ifindex = 0;
  PublicKey key;
  Endpoint source;
  Endpoint local{}; // unspecified for `amneziawg`
  MacState mac_state = MacState::mac1;
  InitiationBytes initiation{}; // all zero for `amneziawg`
};

// Takes the message apart. None unless every attribute that its dialect promises is there, once,
// and has the right size, family and range; attributes that it does not promise are passed over.
// Pure, allocates nothing.
[[nodiscard]] std::optional<UnknownPeer> parse_unknown_peer(kernel::WgDialect dialect,
                                                            const kernel::NetlinkMessage& message);

// A message from a multicast group as a sighting, or the reason why it is none: it is from a family
// or of a command that we do not listen to, or malformed; it is about an interface that is not
// watched; nobody can answer its source. The time is `now`: messages carry none. Pure, allocates
// nothing.
[[nodiscard]] std::variant<Sighting, metrics::SightingDrop>
read_unknown_peer(const kernel::NetlinkMessage& message, const WatchedFamilies& watched,
                  const Instant& now);

} // namespace provisiond::events
