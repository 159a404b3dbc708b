#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

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

// Who saw it. The text is the word in the settings, the log and the metric label.
enum class SourceKind : std::uint8_t { capture, probe, netlink };
inline constexpr std::array<std::string_view, 3> source_kind_names{"capture", "probe", "netlink"};
constexpr std::string_view to_string(SourceKind kind) {
  return source_kind_names[static_cast<std::size_t>(kind)];
}

// What the kernel has found out about an initiation's MACs before it told us; `mac1_and_mac2`: it
// was under load, and the sender has shown that it receives at its address.
enum class MacState : std::uint8_t { unchecked, mac1, mac1_and_mac2 };

// Someone says they are this key: `e, es, s` decrypted, possession not shown. Anyone who knows the
// interface's public key can make one for any key. Never enough to spend a proven key's look-up on.
struct ClaimedKey {
  PublicKey key;
};

// TAI64N: the timestamp of an initiation, 12 bytes, big-endian, so that comparing bytes compares
// time.
using Tai64n = std::array<std::uint8_t, 12>;

// Somebody knocked at an interface: what a source saw, nothing of it verified beyond `mac_state`
// and `claimed`. `source` is a hint until a handshake completes. About 300 bytes; copied through
// bounded channels.
struct Sighting {
  InterfaceId interface;
  Endpoint source;       // where it came from
  Endpoint local;        // the address and port it was sent to; unspecified where nobody told
  TimePoint seen_at;     // for durations
  WallTime seen_at_wall; // for comparison with the device's handshake times
  SourceKind seen_by = SourceKind::capture;
  MacState mac_state = MacState::unchecked;
  std::optional<ClaimedKey> claimed{}; // where the kernel has decrypted the key
  InitiationBytes initiation{};        // all zero where the source has only the key
  std::optional<Tai64n> timestamp{};   // of the initiation, once it is proven
  // It was sent to a port that is no interface's, from which a rule of the firewall may redirect
  // it. Which interface is meant, `flow::FirstContact` finds out.
  bool is_redirected = false;

  // Without its bytes nothing can be proven, replays cannot be told, and nothing resubmitted. The
  // first byte is the message type, which is 1.
  [[nodiscard]] bool has_initiation() const { return initiation.front() == 1; }
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
