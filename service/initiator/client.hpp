#pragma once

#include "base/public_key.hpp"
#include "handoff/sighting.hpp"
#include "initiator/crafted_packets.hpp"
#include "initiator/initiation.hpp"

#include <cstdint>
#include <optional>
#include <span>

namespace provisiond::initiator {

// A WireGuard client without a preshared key, as far as its handshakes go (white paper, sections
// 5.4.2 to 5.4.7): it initiates, opens cookies, confirms the session with a keepalive, and answers
// the gateway's own initiation. It has no timers, sends no data after that, and takes each packet
// of its gateway for fresh. For the load generator, tests and benchmarks only.
class Client {
 public:
  Client(const Secret<32>& private_key, const PublicKey& gateway)
      : keys_{key_pair_of(private_key)}, gateway_{gateway} {}

  // A new one, with the newest cookie; an earlier one that is unanswered is given up.
  InitiationBytes initiate();
  // What it sends because of a packet of its gateway; nullopt when nothing.
  std::optional<Payload> receive(std::span<const std::uint8_t> packet);

  // A response has come, or the gateway has sent data in the session that it initiated.
  [[nodiscard]] bool has_session() const { return has_session_; }
  [[nodiscard]] bool has_cookie() const { return cookie_.has_value(); }
  [[nodiscard]] const PublicKey& public_key() const { return keys_.public_key; }
  // As after a reboot: no session, no cookie.
  void forget();
  // As after the interface was taken down and up: no session.
  void end_session();

 private:
  std::optional<Payload> finish(std::span<const std::uint8_t> response);
  std::optional<Payload> answer(const wire::InitiationView& initiation);
  void note_data(std::span<const std::uint8_t> packet);

  KeyPair keys_;
  PublicKey gateway_;
  std::optional<Initiation> unanswered_;
  std::optional<Cookie> cookie_;
  std::uint32_t newest_index_ = 0;
  std::uint32_t answered_index_ = 0; // 0: the gateway has not initiated
  bool has_session_ = false;
};

} // namespace provisiond::initiator
