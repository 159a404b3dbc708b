// Any bytes as what the kernel tells of an unknown peer: a netlink datagram from either family, or
// an event of the probe. Parsing them reads nothing outside, and what comes out is what the source
// promises. The first byte chooses the source.

#include "events/bpf/unknown_peer.h"
#include "events/probe_event.hpp"
#include "events/unknown_peer_message.hpp"
#include "fuzz/input.hpp"
#include "fuzz/targets.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <variant>

namespace provisiond::fuzz::fuzz_unknown_peer_message {

using provisiond::MacState;
using provisiond::Sighting;
using provisiond::events::UnknownPeer;
using provisiond::events::WatchedFamilies;
using provisiond::kernel::NetlinkMessage;
using provisiond::kernel::WgDialect;

namespace {

constexpr std::uint16_t family_id = 30;
constexpr std::uint32_t ifindex = 5;

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
  watched.put({.id = {}, .ifindex = ifindex},
              {dialect, {.name = {}, .id = family_id, .groups = {}}});
  const std::variant<Sighting, provisiond::metrics::SightingDrop> verdict =
      provisiond::events::read_unknown_peer(message, watched, {});
  if (const Sighting* sighting = std::get_if<Sighting>(&verdict)) {
    require(peer->ifindex == ifindex);
    require(sighting->source.port != 0);
    require(sighting->claimed && sighting->claimed->key == peer->key);
    require(sighting->has_initiation() == (dialect == WgDialect::wireguard));
  }
}

void check_datagram(WgDialect dialect, Bytes bytes) {
  check(dialect, {.type = family_id, .flags = 0, .sequence = 0, .payload = bytes});
  for (const NetlinkMessage& message : provisiond::kernel::split_datagram(bytes))
    check(dialect, message);
}

void check_probe(Input input) {
  const unknown_peer_event event = input.number<unknown_peer_event>();
  const provisiond::Instant now{.steady = provisiond::TimePoint{std::chrono::hours{1}},
                                .wall = provisiond::WallTime{std::chrono::seconds{1'700'000'000}}};
  const std::variant<Sighting, provisiond::metrics::SightingDrop> verdict =
      provisiond::events::read_probe_event(event, event.epoch, now);
  const Sighting* const sighting = std::get_if<Sighting>(&verdict);
  if (sighting == nullptr) return;
  require(sighting->source.port != 0 && sighting->has_initiation() && sighting->claimed);
  require(sighting->mac_state != MacState::unchecked);
  require(sighting->source.address.family == sighting->local.address.family);
  require(sighting->seen_at <= now.steady &&
          now.steady - sighting->seen_at <= std::chrono::seconds{10});
}

} // namespace

void run(Bytes bytes) {
  Input input{bytes};
  const std::uint8_t source = input.number<std::uint8_t>();
  if (source == 'p')
    check_probe(input);
  else
    check_datagram((source & 1) != 0 ? WgDialect::amneziawg : WgDialect::wireguard, input.rest());
}

} // namespace provisiond::fuzz::fuzz_unknown_peer_message
