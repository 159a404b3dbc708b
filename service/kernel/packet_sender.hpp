#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <span>

namespace provisiond::kernel {

// Sends a complete IP packet, header included, as it is. What the flow needs of RawSender, so that
// tests can stand in for it.
class PacketSender {
 public:
  virtual ~PacketSender() = default;
  // `scope` is the interface index of a link-local IPv6 destination, else 0.
  virtual Status send(std::span<const std::uint8_t> packet, std::uint32_t scope) = 0;
};

} // namespace provisiond::kernel
