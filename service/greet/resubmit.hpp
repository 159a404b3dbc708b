#pragma once

#include "greet/greeting.hpp"
#include "kernel/packet_sender.hpp"

namespace provisiond::greet {

// Hands the client's own initiation back to the device: the captured 148 bytes are sent once more
// through a raw socket, from the client's address to the address it knocked at, and reach the
// device over `lo`. The device answers it as if the peer had always been there: one 92-byte answer,
// no round trip more, and the client stays the initiator. The device learns the endpoint from that
// packet by itself.
//
// A keepalive set earlier would make the device initiate as well, so it waits for the session. On a
// multi-homed gateway the answer follows the routing table, because the packet arrives over `lo`.
class ResubmitGreeting final : public Greeting {
 public:
  explicit ResubmitGreeting(kernel::PacketSender& sender) : sender_{sender} {}

  void prepare(const Sighting& sighting, const KeepalivePolicy& policy,
               std::vector<kernel::PeerChange>& changes) const override;
  void prepare_again(const Sighting& sighting, const KeepalivePolicy& policy,
                     std::vector<kernel::PeerChange>& changes) const override;
  Status start(const Sighting& sighting) override;
  void on_session(const KeepalivePolicy& policy,
                  std::vector<kernel::PeerChange>& changes) const override;

 private:
  kernel::PacketSender& sender_;
};

} // namespace provisiond::greet
