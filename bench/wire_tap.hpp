#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace provisiond::bench {

// A handshake message that crossed the wire, an initiation or a response, with the kernel's stamp.
struct TappedHandshake {
  enum class Direction : std::uint8_t { in, out };

  Direction direction = Direction::in;
  Endpoint remote; // who sent it to us, or to whom we sent it
  WallTime at;
};

// Hears both directions of one network device (AF_PACKET), in the caller's network namespace, and
// tells the handshake messages among them. Move-only, one thread.
class WireTap {
 public:
  static Result<WireTap> open(const std::string& device);

  // The next one that is there before `deadline`; nullopt when none is.
  Result<std::optional<TappedHandshake>> next(TimePoint deadline);

 private:
  explicit WireTap(UniqueFd socket) : socket_{std::move(socket)} {}
  Result<std::optional<TappedHandshake>> receive();

  UniqueFd socket_;
};

} // namespace provisiond::bench
