// Any bytes as a netlink datagram from either family: parsing them reads nothing outside, and what
// comes out is what the dialect promises. The first byte chooses the dialect.

#include "events/unknown_peer_message.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

using provisiond::MacState;
using provisiond::Sighting;
using provisiond::events::UnknownPeer;
using provisiond::events::WatchedFamilies;
using provisiond::kernel::NetlinkMessage;
using provisiond::kernel::WgDialect;

namespace {

constexpr std::uint16_t family_id = 30;
constexpr std::uint32_t ifindex = 5;

void require(bool holds) {
  if (!holds) std::abort();
}

void check(WgDialect dialect, const NetlinkMessage& message) {
  const std::optional<UnknownPeer> peer = provisiond::events::parse_unknown_peer(dialect, message);
  if (!peer) return;
  if (dialect == WgDialect::wireguard) {
    require(peer->initiation.front() == 1);
    require(peer->mac_state != MacState::unchecked);
  } else {
    require(std::ranges::count(peer->initiation, 0) == 148);
    require(peer->mac_state == MacState::mac1);
  }

  WatchedFamilies watched{1};
  watched.put({.ifindex = ifindex}, {dialect, {.id = family_id}});
  const std::variant<Sighting, provisiond::metrics::SightingDrop> verdict =
      provisiond::events::read_unknown_peer(message, watched, {});
  if (const Sighting* sighting = std::get_if<Sighting>(&verdict)) {
    require(peer->ifindex == ifindex);
    require(sighting->source.port != 0);
    require(sighting->claimed && sighting->claimed->key == peer->key);
    require(sighting->has_initiation() == (dialect == WgDialect::wireguard));
  }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const WgDialect dialect = (data[0] & 1) != 0 ? WgDialect::amneziawg : WgDialect::wireguard;
  const std::span<const std::uint8_t> bytes{data + 1, size - 1};
  check(dialect, {.type = family_id, .flags = 0, .sequence = 0, .payload = bytes});
  for (const NetlinkMessage& message : provisiond::kernel::split_datagram(bytes))
    check(dialect, message);
  return 0;
}
