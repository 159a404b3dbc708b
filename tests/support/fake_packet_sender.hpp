#pragma once

#include "kernel/packet_sender.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace provisiond::test {

// Keeps what it is given to send; fails with `failure` when that is an errno value.
class FakePacketSender final : public kernel::PacketSender {
 public:
  Status send(std::span<const std::uint8_t> packet, std::uint32_t /*scope*/) override {
    if (failure != 0) return fail(Error::system("send", failure));
    packets.emplace_back(packet.begin(), packet.end());
    return {};
  }

  std::vector<std::vector<std::uint8_t>> packets;
  int failure = 0;
};

} // namespace provisiond::test
