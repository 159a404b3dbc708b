#include "lookup/array_literal.hpp"

#include <sodium.h>

#include <chrono>
#include <map>
#include <utility>

namespace provisiond::lookup {
namespace {

std::string_view name_of(InterfaceId interface, std::span<const std::string> networks) {
  return interface.value < networks.size() ? std::string_view{networks[interface.value]} : "";
}

std::string microseconds(WallTime time) {
  return std::to_string(
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count());
}

} // namespace

// Within quotes only the quote and the backslash are special.
void ArrayLiteral::add(std::string_view value) {
  text_ += text_.size() == 1 ? "\"" : ",\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void ArrayLiteral::add(const PublicKey& key) {
  add_bytes(key.bytes);
}

void ArrayLiteral::add(const Tai64n& time) {
  add_bytes(time);
}

void ArrayLiteral::add_null() {
  text_ += text_.size() == 1 ? "NULL" : ",NULL";
}

void ArrayLiteral::add_bytes(std::span<const std::uint8_t> bytes) {
  std::string hex(2 * bytes.size() + 1, '\0');
  sodium_bin2hex(hex.data(), hex.size(), bytes.data(), bytes.size());
  hex.pop_back();
  add("\\x" + hex);
}

std::string text_array(std::span<const std::string> values) {
  ArrayLiteral literal;
  for (const std::string& value : values)
    literal.add(value);
  return std::move(literal).finish();
}

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

std::vector<ClaimArrays> claim_arrays(std::span<const SessionClaim> claims) {
  struct Literals {
    ArrayLiteral keys;
    ArrayLiteral initiations;
    ArrayLiteral handshakes;
  };
  std::map<std::pair<std::uint16_t, std::string>, Literals> interfaces;
  for (const SessionClaim& claim : claims) {
    Literals& literals = interfaces[{claim.interface.value, claim.name}];
    literals.keys.add(claim.key);
    if (claim.initiation)
      literals.initiations.add(*claim.initiation);
    else
      literals.initiations.add_null();
    literals.handshakes.add(microseconds(claim.at));
  }
  std::vector<ClaimArrays> arrays;
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
