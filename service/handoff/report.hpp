#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What the database is told. None of it is needed to serve anybody.
namespace provisiond {

// A device that proved to hold a key and was refused, by the database or by this gateway.
struct RefusedKey {
  InterfaceId interface;
  PublicKey key;
  Refusal reason{};
  Endpoint source;
};

// A peer that has had a handshake lately.
struct ActivePeer {
  PublicKey key;
  std::optional<Endpoint> endpoint;
  WallTime last_handshake{};
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
};

// An interface that is served, as a pass over its peers found it.
struct InterfaceReport {
  InterfaceId interface;
  std::string name;
  PublicKey key;
  std::string position{}; // of the changes that are applied; empty: none yet
  std::size_t peers = 0;
  std::vector<ActivePeer> active;
};

// A peer has a session here now, so it has none elsewhere any more. Unlike the other reports this
// one is kept until it is written. `initiation` is that of the handshake that brought it here,
// which orders the ownerships of several gateways by the device's own clock; nullopt where it was
// not seen.
struct SessionOwnership {
  InterfaceId interface;
  std::string name; // of the interface
  PublicKey key;
  std::optional<Tai64n> initiation;
  WallTime at{}; // when it had its handshake, by our clock: orders ownerships without an initiation
};

using DatabaseReport = std::variant<RefusedKey, InterfaceReport, SessionOwnership>;

} // namespace provisiond
