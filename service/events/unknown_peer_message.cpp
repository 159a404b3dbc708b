#include "events/unknown_peer_message.hpp"

#include "events/answerable.hpp"
#include "wire/messages.hpp"

#include <linux/genetlink.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

namespace provisiond::events {

namespace {

using Bytes = std::span<const std::uint8_t>;
using kernel::WgDialect;

// WG_CMD_UNKNOWN_PEER of either family; the system's headers do not know it.
constexpr std::uint8_t unknown_peer_command = 2;

// amneziawg: src/uapi/wireguard.h of its module.
namespace amneziawg {
constexpr std::uint16_t device_ifindex = 1;
constexpr std::uint16_t device_peer = 18;
constexpr std::uint16_t peer_public_key = 1;
constexpr std::uint16_t peer_endpoint = 4;
} // namespace amneziawg

// wireguard: enum wgunknown_attribute of deploy/kernel's patch.
namespace wireguard {
constexpr std::uint16_t ifindex = 1;
constexpr std::uint16_t public_key = 3;
constexpr std::uint16_t endpoint = 4;
constexpr std::uint16_t local = 5;
constexpr std::uint16_t mac_state = 6;
constexpr std::uint16_t initiation = 7;
} // namespace wireguard

// An attribute that has to be there exactly once; a second one leaves open which is meant.
template <class Value>
class Once {
 public:
  void take(std::optional<Value> value) {
    value_ = seen_ ? std::nullopt : std::move(value);
    seen_ = true;
  }
  explicit operator bool() const { return value_.has_value(); }
  const Value& operator*() const { return *value_; }

 private:
  std::optional<Value> value_;
  bool seen_ = false;
};

std::optional<PublicKey> read_key(Bytes payload) {
  if (payload.size() != wire::key_size) return std::nullopt;
  return PublicKey::from(payload.first<wire::key_size>());
}

// In the words of the kernel's enum cookie_mac_state; what it says of other states is no event.
std::optional<MacState> read_mac_state(Bytes payload) {
  const std::optional<std::uint8_t> state = kernel::read_value<std::uint8_t>(payload);
  if (state == 1) return MacState::mac1;
  if (state == 3) return MacState::mac1_and_mac2;
  return std::nullopt;
}

std::optional<InitiationBytes> read_initiation(Bytes payload) {
  const std::optional<wire::InitiationView> view = wire::view_initiation(payload);
  if (!view) return std::nullopt;
  InitiationBytes bytes{};
  std::ranges::copy(view->bytes(), bytes.begin());
  return bytes;
}

struct Claim {
  Once<PublicKey> key;
  Once<Endpoint> source;
};

std::optional<Claim> read_claim(Bytes attributes) {
  Claim claim;
  kernel::for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    if (type == amneziawg::peer_public_key) claim.key.take(read_key(payload));
    if (type == amneziawg::peer_endpoint) claim.source.take(kernel::read_endpoint(payload));
  });
  if (!claim.key || !claim.source) return std::nullopt;
  return claim;
}

std::optional<UnknownPeer> parse_amneziawg(Bytes attributes) {
  Once<std::uint32_t> ifindex;
  Once<Claim> claim;
  kernel::for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    if (type == amneziawg::device_ifindex) ifindex.take(kernel::read_value<std::uint32_t>(payload));
    if (type == amneziawg::device_peer) claim.take(read_claim(payload));
  });
  if (!ifindex || !claim) return std::nullopt;
  return UnknownPeer{.ifindex = *ifindex, .key = *(*claim).key, .source = *(*claim).source};
}

std::optional<UnknownPeer> parse_wireguard(Bytes attributes) {
  Once<std::uint32_t> ifindex;
  Once<PublicKey> key;
  Once<Endpoint> source;
  Once<Endpoint> local;
  Once<MacState> mac_state;
  Once<InitiationBytes> initiation;
  kernel::for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    switch (type) {
    case wireguard::ifindex:
      return ifindex.take(kernel::read_value<std::uint32_t>(payload));
    case wireguard::public_key:
      return key.take(read_key(payload));
    case wireguard::endpoint:
      return source.take(kernel::read_endpoint(payload));
    case wireguard::local:
      return local.take(kernel::read_endpoint(payload));
    case wireguard::mac_state:
      return mac_state.take(read_mac_state(payload));
    case wireguard::initiation:
      return initiation.take(read_initiation(payload));
    default:
      return;
    }
  });
  if (!ifindex || !key || !source || !local || !mac_state || !initiation) return std::nullopt;
  if ((*source).address.family != (*local).address.family) return std::nullopt;
  return UnknownPeer{.ifindex = *ifindex,
                     .key = *key,
                     .source = *source,
                     .local = *local,
                     .mac_state = *mac_state,
                     .initiation = *initiation};
}

} // namespace

std::optional<UnknownPeer> parse_unknown_peer(WgDialect dialect,
                                              const kernel::NetlinkMessage& message) {
  genlmsghdr header{};
  if (message.payload.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, message.payload.data(), sizeof header);
  if (header.cmd != unknown_peer_command) return std::nullopt;
  const Bytes attributes = kernel::genl_attributes(message);
  return dialect == WgDialect::wireguard ? parse_wireguard(attributes)
                                         : parse_amneziawg(attributes);
}

std::variant<Sighting, metrics::SightingDrop>
read_unknown_peer(const kernel::NetlinkMessage& message, const WatchedFamilies& watched,
                  const Instant& now) {
  const std::optional<WgDialect> dialect = watched.dialect_of(message.type);
  if (!dialect) return metrics::SightingDrop::malformed_event;
  const std::optional<UnknownPeer> peer = parse_unknown_peer(*dialect, message);
  if (!peer) return metrics::SightingDrop::malformed_event;
  const std::optional<InterfaceId> interface = watched.interface_of(message.type, peer->ifindex);
  if (!interface) return metrics::SightingDrop::unwatched_interface;
  if (!can_be_answered(peer->source)) return metrics::SightingDrop::impossible_source;
  return Sighting{.interface = *interface,
                  .source = with_scope(peer->source, peer->source.scope),
                  .local = with_scope(peer->local, peer->local.scope),
                  .seen_at = now.steady,
                  .seen_at_wall = now.wall,
                  .seen_by = SourceKind::netlink,
                  .mac_state = peer->mac_state,
                  .claimed = ClaimedKey{peer->key},
                  .initiation = peer->initiation};
}

} // namespace provisiond::events
