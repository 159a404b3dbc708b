#pragma once

#include "wire/bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace provisiond::wire {

// The WireGuard handshake messages as bytes: white paper, sections 5.4.2 (initiation), 5.4.3
// (response), 5.4.4 (mac1, mac2) and 5.4.7 (cookie reply). Every offset and size stands here, once.
// Each message begins with its type and three reserved zero bytes; indices are little-endian.

enum class MessageType : std::uint8_t { initiation = 1, response = 2, cookie_reply = 3, data = 4 };

inline constexpr std::size_t key_size = 32;
inline constexpr std::size_t tag_size = 16; // Poly1305
inline constexpr std::size_t mac_size = 16;
inline constexpr std::size_t timestamp_size = 12; // TAI64N
inline constexpr std::size_t cookie_size = 16;
inline constexpr std::size_t cookie_nonce_size = 24; // XChaCha20

struct InitiationLayout {
  static constexpr std::size_t type = 0;
  static constexpr std::size_t sender = 4;
  static constexpr std::size_t ephemeral = 8;
  static constexpr std::size_t encrypted_static = 40;
  static constexpr std::size_t encrypted_timestamp = 88;
  static constexpr std::size_t mac1 = 116;
  static constexpr std::size_t mac2 = 132;
  static constexpr std::size_t size = 148;
};

struct ResponseLayout {
  static constexpr std::size_t type = 0;
  static constexpr std::size_t sender = 4;
  static constexpr std::size_t receiver = 8;
  static constexpr std::size_t ephemeral = 12;
  static constexpr std::size_t encrypted_nothing = 44;
  static constexpr std::size_t mac1 = 60;
  static constexpr std::size_t mac2 = 76;
  static constexpr std::size_t size = 92;
};

struct CookieReplyLayout {
  static constexpr std::size_t type = 0;
  static constexpr std::size_t receiver = 4;
  static constexpr std::size_t nonce = 8;
  static constexpr std::size_t sealed_cookie = 32;
  static constexpr std::size_t size = 64;
};

// An initiation, by field. Refers to bytes that must outlive it; checks nothing, because the size
// is in the type: `view_initiation` is the door for bytes from outside.
class InitiationView {
 public:
  using Bytes = std::span<const std::uint8_t, InitiationLayout::size>;

  explicit InitiationView(Bytes bytes) : bytes_{bytes} {}

  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] std::uint32_t sender() const {
    return load_le32(bytes_.subspan<InitiationLayout::sender, 4>());
  }
  [[nodiscard]] std::span<const std::uint8_t, key_size> ephemeral() const {
    return bytes_.subspan<InitiationLayout::ephemeral, key_size>();
  }
  [[nodiscard]] std::span<const std::uint8_t, key_size + tag_size> encrypted_static() const {
    return bytes_.subspan<InitiationLayout::encrypted_static, key_size + tag_size>();
  }
  [[nodiscard]] std::span<const std::uint8_t, timestamp_size + tag_size>
  encrypted_timestamp() const {
    return bytes_.subspan<InitiationLayout::encrypted_timestamp, timestamp_size + tag_size>();
  }
  [[nodiscard]] std::span<const std::uint8_t, mac_size> mac1() const {
    return bytes_.subspan<InitiationLayout::mac1, mac_size>();
  }
  [[nodiscard]] std::span<const std::uint8_t, mac_size> mac2() const {
    return bytes_.subspan<InitiationLayout::mac2, mac_size>();
  }
  // What each MAC covers: everything before it.
  [[nodiscard]] std::span<const std::uint8_t, InitiationLayout::mac1> mac1_input() const {
    return bytes_.first<InitiationLayout::mac1>();
  }
  [[nodiscard]] std::span<const std::uint8_t, InitiationLayout::mac2> mac2_input() const {
    return bytes_.first<InitiationLayout::mac2>();
  }

 private:
  Bytes bytes_;
};

// nullopt unless `payload` is exactly 148 bytes and begins with type 1 and three zero bytes.
[[nodiscard]] std::optional<InitiationView> view_initiation(std::span<const std::uint8_t> payload);

using CookieReplyBytes = std::array<std::uint8_t, CookieReplyLayout::size>;

// The parts of a cookie reply. `receiver` is the sender index of the message that it answers.
struct CookieReply {
  std::uint32_t receiver = 0;
  std::span<const std::uint8_t, cookie_nonce_size> nonce;
  std::span<const std::uint8_t, cookie_size + tag_size> sealed_cookie;
};

[[nodiscard]] CookieReplyBytes build_cookie_reply(const CookieReply& reply);

} // namespace provisiond::wire
