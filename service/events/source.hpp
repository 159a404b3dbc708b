#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "handoff/sighting.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace provisiond::events {

// An interface whose strangers we want to hear of. Every source knows it by one of these: packet
// capture by its port, a kernel probe or a netlink group by its index.
struct WatchedInterface {
  InterfaceId id;
  std::uint32_t ifindex = 0;
  std::uint16_t listen_port = 0; // host byte order
};

// What became of everything that a source was given, since it was opened. Never goes down.
struct SourceStatistics {
  std::uint64_t sightings = 0;      // handed to the caller
  std::uint64_t refused = 0;        // looked at and found to be no initiation for us
  std::uint64_t kernel_drops = 0;   // lost before we saw them: the kernel's buffer was full
  std::uint64_t receive_errors = 0; // the kernel reported a passing fault; reading went on
};

// Where sightings come from. The flow holds one or more of these and does not know which; what they
// report is unverified, and the same initiation may be reported more than once (see
// RecentInitiations).
//
// Belongs to the loop thread. Nothing blocks and nothing is logged. Errors mean that the operation
// did not happen; a source whose `read` fails delivers no more and has to be made anew.
class Source {
 public:
  virtual ~Source() = default;

  // One word for logs and metrics: "capture".
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Readable while sightings wait (level-triggered); constant for the life of the source.
  [[nodiscard]] virtual int fd() const = 0;

  // Begins to report initiations for `interface`, or follows it to a new port or index. Fails, and
  // changes nothing, when the port is 0 or belongs to another watched interface: that other one is
  // gone or about to move, so unwatch it or try again at the next look at the devices.
  virtual Status watch(const WatchedInterface& interface) = 0;

  // Ends it; an interface that is not watched is no error. What was received before and not yet
  // read is refused from now on.
  virtual Status unwatch(InterfaceId interface) = 0;

  // Appends what waits to `sink`, at most a bounded number (stated by the source) per call, so that
  // the loop gets its turn; the rest keeps `fd` readable. `now` is the time of the call.
  virtual Status read(const Instant& now, std::vector<Sighting>& sink) = 0;

  // Asks the kernel for its drop count and moves that metric, so not for every packet: about once a
  // second.
  virtual Result<SourceStatistics> statistics() = 0;
};

} // namespace provisiond::events
