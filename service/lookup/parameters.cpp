#include "lookup/parameters.hpp"

#include "postgres/array_literal.hpp"

#include <chrono>
#include <map>
#include <utility>

namespace provisiond::lookup {
namespace {

using postgres::ArrayLiteral;

std::string_view name_of(InterfaceId interface, std::span<const std::string> networks) {
  return interface.value < networks.size() ? std::string_view{networks[interface.value]} : "";
}

std::string microseconds(WallTime time) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}

} // namespace

std::string network_array(std::span<const LookupRequest> requests,
                          std::span<const std::string> networks) {
  ArrayLiteral literal;
  for (const LookupRequest& request : requests)
    literal.add(name_of(request.interface, networks));
  return std::move(literal).finish();
}

std::string key_array(std::span<const LookupRequest> requests) {
  ArrayLiteral literal;
  for (const LookupRequest& request : requests)
    literal.add(request.key);
  return std::move(literal).finish();
}

ActivityArrays activity_arrays(std::span<const ActivePeer> peers) {
  ArrayLiteral keys;
  ArrayLiteral addresses;
  ArrayLiteral ports;
  ArrayLiteral handshakes;
  ArrayLiteral received;
  ArrayLiteral sent;
  for (const ActivePeer& peer : peers) {
    if (!peer.endpoint) continue;
    keys.add(peer.key);
    addresses.add(peer.endpoint->address.to_string());
    ports.add(std::to_string(peer.endpoint->port));
    handshakes.add(microseconds(peer.last_handshake));
    received.add(std::to_string(peer.received_bytes));
    sent.add(std::to_string(peer.sent_bytes));
  }
  return {.keys = std::move(keys).finish(),
          .addresses = std::move(addresses).finish(),
          .ports = std::move(ports).finish(),
          .handshakes_us = std::move(handshakes).finish(),
          .received_bytes = std::move(received).finish(),
          .sent_bytes = std::move(sent).finish()};
}

std::vector<OwnershipArrays> ownership_arrays(std::span<const SessionOwnership> ownerships) {
  struct Literals {
    ArrayLiteral keys;
    ArrayLiteral initiations;
    ArrayLiteral handshakes;
  };
  std::map<std::pair<std::uint16_t, std::string>, Literals> interfaces;
  for (const SessionOwnership& ownership : ownerships) {
    Literals& literals = interfaces[{ownership.interface.value, ownership.name}];
    literals.keys.add(ownership.key);
    if (ownership.initiation)
      literals.initiations.add_bytes(*ownership.initiation);
    else
      literals.initiations.add_null();
    literals.handshakes.add(microseconds(ownership.at));
  }
  std::vector<OwnershipArrays> arrays;
  arrays.reserve(interfaces.size());
  for (auto& [interface, literals] : interfaces)
    arrays.push_back({.interface = InterfaceId{interface.first},
                      .name = interface.second,
                      .keys = std::move(literals.keys).finish(),
                      .initiations = std::move(literals.initiations).finish(),
                      .handshakes_us = std::move(literals.handshakes).finish()});
  return arrays;
}

SightingArrays sighting_arrays(std::span<const RefusedKey> keys,
                               std::span<const std::string> networks) {
  ArrayLiteral names;
  ArrayLiteral public_keys;
  ArrayLiteral reasons;
  ArrayLiteral addresses;
  ArrayLiteral ports;
  for (const RefusedKey& key : keys) {
    names.add(name_of(key.interface, networks));
    public_keys.add(key.key);
    reasons.add(to_string(key.reason));
    addresses.add(key.source.address.to_string());
    ports.add(std::to_string(key.source.port));
  }
  return {.networks = std::move(names).finish(),
          .keys = std::move(public_keys).finish(),
          .reasons = std::move(reasons).finish(),
          .addresses = std::move(addresses).finish(),
          .ports = std::move(ports).finish()};
}

} // namespace provisiond::lookup
