#pragma once

#include "base/result.hpp"
#include "handoff/sighting.hpp"
#include "kernel/wg_device.hpp"

#include <cstdint>
#include <vector>

namespace provisiond::greet {

enum class Strategy : std::uint8_t {
  reverse,  // the device initiates towards the seen endpoint
  resubmit, // the client's initiation is handed back to the device, which answers it
};

// The keepalive that a peer is to have for good; what a greeting does with it meanwhile is its own.
struct KeepalivePolicy {
  PublicKey key;
  std::uint16_t keepalive_seconds = 0; // as configured in the database; 0: none
};

// Makes the tunnel of a peer come up now instead of at the client's next retry, 5 s later. Three
// steps: `prepare` adds to the change that creates the peer what has to travel in the same message,
// and `prepare_again` says what a second attempt changes of the peer that is there; `start` does
// what has to follow it; `on_session` gives what is still missing of the keepalive policy once
// there is a session. Loop thread.
class Greeting {
 public:
  virtual ~Greeting() = default;

  // `changes` ends with the change of the peer itself; more may be appended.
  virtual void prepare(const Sighting& sighting, const KeepalivePolicy& policy,
                       std::vector<kernel::PeerChange>& changes) const = 0;
  virtual void prepare_again(const Sighting& sighting, const KeepalivePolicy& policy,
                             std::vector<kernel::PeerChange>& changes) const = 0;
  virtual Status start(const Sighting& sighting) = 0;
  virtual void on_session(const KeepalivePolicy& policy,
                          std::vector<kernel::PeerChange>& changes) const = 0;
};

} // namespace provisiond::greet
