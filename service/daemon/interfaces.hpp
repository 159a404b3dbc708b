#pragma once

#include "base/clock.hpp"
#include "events/source_set.hpp"
#include "flow/flow.hpp"
#include "flow/interface.hpp"
#include "kernel/links.hpp"
#include "metrics/metrics.hpp"
#include "watch/reader.hpp"
#include "watch/schedule.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace provisiond::daemon {

// Keeps the interfaces that we serve in step with the machine: attaches a device when it appears,
// follows its private key and port, notices when it is gone or was made again under the same name,
// and has its peers read. An interface is served once its peers are known.
//
// Nothing of a device is awaited here: each has a reader. A device is gone when the machine says so
// (ENODEV, ENOENT). One that does not answer keeps its peers, and is asked again.
//
// Loop thread. Logs each change once. A look costs one short dump per interface, on its reader; a
// pass is linear in peers.
class Interfaces {
 public:
  // Has the interface's device asked; false when its reader is busy.
  using Ask = std::function<bool(InterfaceId, const watch::Order&)>;
  struct Wiring {
    const std::vector<flow::Interface>& interfaces;
    events::SourceSet& sources;
    flow::Flow& flow;
    metrics::Metrics& metrics;
    Ask ask;
    std::size_t shared_secrets = 0; // for all interfaces together
  };

  // `interval` is between passes.
  Interfaces(Wiring wiring, Duration interval);

  // Once per identity interval, and when a link changed. A device that takes long to describe
  // itself is asked less often, a tenth of its time at most, unless `is_urgent`.
  enum class Urgency : std::uint8_t { regular, urgent };
  void look(const Instant& now, Urgency urgency = Urgency::regular);
  // As often as the loop turns; has devices passed over when their schedule says so.
  void pass(const Instant& now);
  // A reader has answered.
  void take(watch::Reading reading, const Instant& now);

  [[nodiscard]] std::size_t served() const;
  // Whether what happened to a link may be about an interface that is ours, by its name, or was
  // until it got another one.
  [[nodiscard]] bool is_concerned(const kernel::LinkEvent& event) const;

 private:
  // What we know of an interface beyond what the flow needs.
  struct Tracking {
    explicit Tracking(Duration interval) : schedule{interval} {}

    std::uint16_t watched_port = 0; // 0: not watched
    watch::Schedule schedule;
    bool is_looking = false;  // its identity is being read
    bool is_passing = false;  // its peers are being read
    bool looks_again = false; // a link has changed meanwhile
    TimePoint look_due{};
    bool has_failed = false;    // the last pass, so that a lasting failure is logged once
    bool is_silent = false;     // the device does not answer, likewise
    std::string last_problem{}; // so that a lasting problem is logged once
  };

  void look_at(const flow::Interface& interface, Tracking& tracking);
  void seen(const flow::Interface& interface, Tracking& tracking, watch::Reading& reading,
            const Instant& now);
  void not_seen(const flow::Interface& interface, Tracking& tracking, const Error& error);
  void detach(const flow::Interface& interface, Tracking& tracking, const std::string& why);
  [[nodiscard]] bool watch_port(const flow::Interface& interface, Tracking& tracking,
                                const kernel::DeviceIdentity& seen, TimePoint now);
  [[nodiscard]] bool attach(const flow::Interface& interface, Tracking& tracking,
                            const kernel::DeviceIdentity& seen);
  void take_peers(const flow::Interface& interface, Tracking& tracking, watch::Reading& reading,
                  const Instant& now);
  void note_failure(const flow::Interface& interface, Tracking& tracking, const Error& error);
  static void problem(const flow::Interface& interface, Tracking& tracking,
                      const std::string& text);

  Wiring wiring_;
  std::vector<Tracking> tracking_;
};

} // namespace provisiond::daemon
