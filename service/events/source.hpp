#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/sighting.hpp"

#include <cstdint>
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

// Told by the flow what the database said, so that a source that can drops such initiations by
// itself, before they wake anybody. Loop thread.
class RefusalSink {
 public:
  virtual ~RefusalSink() = default;

  // The database refused `id`; that holds until then.
  virtual void refuse(const PeerId& id, TimePoint until) = 0;
  // It does not hold any more. The end of a watch takes it back for all keys of an interface.
  virtual void readmit(const PeerId& id) = 0;
  // The same for every key of the interface.
  virtual void readmit_all(InterfaceId interface) = 0;
};

// What a source could deliver about an interface.
enum class Offer : std::uint8_t { nothing, claims, initiations };

// Where sightings come from. The flow holds one or more of these and does not know which; what they
// report is unverified, and the same initiation may be reported more than once (see
// RecentInitiations).
//
// Belongs to the loop thread. Nothing blocks and nothing is logged. Errors mean that the operation
// did not happen; a source whose `read` fails delivers no more and has to be made anew.
class Source : public RefusalSink {
 public:
  [[nodiscard]] virtual SourceKind kind() const = 0;

  // Readable while sightings wait (level-triggered); constant for the life of the source.
  [[nodiscard]] virtual int fd() const = 0;

  // Whether it would report bare keys or whole initiations; asked before `watch`.
  [[nodiscard]] virtual Offer offer(const WatchedInterface& /*interface*/) {
    return Offer::initiations;
  }

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

  // Sources that cannot drop anything by themselves leave these as they are.
  void refuse(const PeerId& /*id*/, TimePoint /*until*/) override {}
  void readmit(const PeerId& /*id*/) override {}
  void readmit_all(InterfaceId /*interface*/) override {}

  // Asks the kernel for its drop count and moves that metric, so not for every packet: about once a
  // second.
  virtual Result<SourceStatistics> statistics() = 0;
};

} // namespace provisiond::events
