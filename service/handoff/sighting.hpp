#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"

#include <array>
#include <cstdint>

namespace provisiond {

namespace authenticate {
class Responder;
}

// Position of an interface in the configuration; stable for the life of the process, although the
// interface itself may be deleted and made again.
struct InterfaceId {
  std::uint16_t value = 0;
  auto operator<=>(const InterfaceId&) const = default;
};

// The bytes of a handshake initiation (white paper, section 5.4.2), as they came from the wire.
using InitiationBytes = std::array<std::uint8_t, 148>;

// Somebody knocked at an interface: what a source saw, nothing of it verified. `source` is a hint
// until a handshake completes. About 250 bytes; copied through bounded channels.
struct Sighting {
  InterfaceId interface;
  Endpoint source;       // where it came from
  Endpoint local;        // the address and port it was sent to
  TimePoint seen_at;     // for durations
  WallTime seen_at_wall; // for comparison with the device's handshake times
  InitiationBytes initiation{};
};

// TAI64N: the timestamp of an initiation, 12 bytes, big-endian, so that comparing bytes compares
// time.
using Tai64n = std::array<std::uint8_t, 12>;

// Someone says they are this key: `e, es, s` decrypted, possession not shown. Anyone who knows the
// interface's public key can make one for any key. Never enough to spend a look-up on.
struct ClaimedKey {
  PublicKey key;
};

// The sender holds the private key: `ss, {t}` opened. Only authenticate::Responder makes one, so a
// function that takes a ProvenKey cannot be reached with a mere claim.
class ProvenKey {
 public:
  [[nodiscard]] const PublicKey& key() const { return key_; }
  [[nodiscard]] const Tai64n& timestamp() const { return timestamp_; }

  // For what cannot run the handshake: unit tests of later stages and benchmarks of them.
  struct TestOnly {};
  ProvenKey(TestOnly, const PublicKey& key, const Tai64n& timestamp)
      : key_{key}, timestamp_{timestamp} {}

 private:
  friend class authenticate::Responder;
  ProvenKey(const PublicKey& key, const Tai64n& timestamp) : key_{key}, timestamp_{timestamp} {}

  PublicKey key_;
  Tai64n timestamp_;
};

} // namespace provisiond
