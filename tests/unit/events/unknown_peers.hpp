#pragma once

#include "support/netlink_bytes.hpp"

#include <cstdint>
#include <map>

namespace provisiond::test {

// The notification of an unknown peer, as either family sends it, attribute by attribute, so that a
// test can change or remove one. Written by hand, with the numbers of the families' own headers.

inline constexpr std::uint8_t unknown_peer_command = 2;

using Attributes = std::map<std::uint16_t, ByteVector>; // in the order of their numbers

// The bytes of an initiation, as far as their shape goes.
ByteVector initiation_bytes();

// wireguard: 1 index, 2 name, 3 key, 4 endpoint, 5 local, 6 MAC state, 7 initiation.
Attributes wireguard_attributes(std::uint32_t ifindex);
// amneziawg: 1 index, 2 name, 18 peer.
Attributes amneziawg_attributes(std::uint32_t ifindex, const Attributes& peer);
// 1 key, 4 endpoint, 11 a flag.
Attributes amneziawg_peer();

// The attributes one after the other, without or with the generic header before them.
ByteVector joined(const Attributes& attributes);
ByteVector notification(const Attributes& attributes);

} // namespace provisiond::test
