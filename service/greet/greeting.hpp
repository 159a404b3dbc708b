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

// What a peer is to have for good, of the things that make a device talk.
struct Manners {
  PublicKey key;
  std::uint16_t keepalive_seconds = 0; // as configured in the database; 0: none
};

// Makes the tunnel of a peer come up now instead of at the client's next retry, 5 s later. Three
// steps: `arrange` adds to the change that creates the peer (or, as a second attempt, to an update
// of it) what has to travel in the same message; `start` does what has to follow it; `settle`, once
// there is a session, gives what is still missing of the peer's manners. Loop thread.
class Greeting {
 public:
  virtual ~Greeting() = default;

  // `changes` ends with the change of the peer itself; more may be appended.
  virtual void arrange(const Sighting& sighting, const Manners& manners,
                       std::vector<kernel::PeerChange>& changes) const = 0;
  virtual Status start(const Sighting& sighting) = 0;
  virtual void settle(const Manners& manners, std::vector<kernel::PeerChange>& changes) const = 0;
};

} // namespace provisiond::greet
