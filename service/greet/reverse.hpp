#pragma once

#include "greet/greeting.hpp"

namespace provisiond::greet {

// The reverse handshake. A device initiates when a peer's persistent keepalive goes from 0 to N on
// an interface that is up (kernel: netlink.c, set_peer; wireguard-go does the same), so the change
// carries the endpoint and a keepalive; where the configured keepalive is 0, a second change in the
// same batch takes it back. A second attempt takes the keepalive away first, because one that stays
// as it is makes no device initiate. The device then retries by itself every 5 s until the peer is
// removed at the deadline.
//
// Always possible. The client pays one round trip more than with its own handshake, and the gateway
// becomes the initiator, which owns the rekey timers. It is the only greeting that sends something
// to an endpoint that is not proven, hence the budget in greet/budget.hpp.
class ReverseGreeting final : public Greeting {
 public:
  void prepare(const Sighting& sighting, const KeepalivePolicy& policy,
               std::vector<kernel::PeerChange>& changes) const override;
  void prepare_again(const Sighting& sighting, const KeepalivePolicy& policy,
                     std::vector<kernel::PeerChange>& changes) const override;
  Status start(const Sighting& sighting) override;
  void on_session(const KeepalivePolicy& policy,
                  std::vector<kernel::PeerChange>& changes) const override;
};

} // namespace provisiond::greet
