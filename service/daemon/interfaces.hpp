#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "events/source_set.hpp"
#include "flow/flow.hpp"
#include "flow/interface.hpp"
#include "kernel/links.hpp"
#include "kernel/wg_device.hpp"
#include "metrics/metrics.hpp"
#include "watch/schedule.hpp"
#include "watch/watcher.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace provisiond::daemon {

// Keeps the interfaces that we serve in step with the machine: opens a device when it appears,
// follows its private key and port, notices when it is gone or was made again under the same name,
// and has the watcher pass over its peers. Reads only; what follows from it is the flow's.
//
// Loop thread. Logs each change once. A look costs one short dump per interface; a pass is linear
// in peers.
class Interfaces {
 public:
  struct Wiring {
    std::vector<flow::Interface>& interfaces;
    events::SourceSet& sources;
    flow::Flow& flow;
    metrics::Metrics& metrics;
    Channel<watch::Order>& orders; // daemon -> watcher
    kernel::OpenDevice open_device = kernel::open_device;
    std::function<Instant()> clock = Instant::now; // read only where a pass takes time itself
  };

  // `backends` and `interval` (between passes) are indexed like Wiring::interfaces.
  Interfaces(const Wiring& wiring, const std::vector<kernel::Backend>& backends, Duration interval);

  // Once per identity interval, and when a link changed.
  void look(const Instant& now);
  // As often as the loop turns; has devices passed over when their schedule says so.
  void pass(const Instant& now);
  // The watcher has passed over a device.
  void passed(watch::Pass pass, const Instant& now);

  [[nodiscard]] std::size_t present() const;
  // As the kernel counts them; 0 while the interface is not there.
  [[nodiscard]] std::uint32_t ifindex_of(InterfaceId id) const {
    return tracking_[id.value].ifindex;
  }
  // Whether what happened to a link may be about an interface that is ours, by its name, or was
  // until it got another one.
  [[nodiscard]] bool is_concerned(const kernel::LinkEvent& event) const;

 private:
  // What we know of an interface beyond what the flow needs.
  struct Tracking {
    kernel::Backend backend = kernel::Backend::automatic;
    std::uint32_t ifindex = 0;
    std::uint16_t listen_port = 0;
    watch::Schedule schedule;
    bool is_ordered = false;  // a pass of it is under way
    bool has_failed = false;  // the last pass, so that a lasting failure is logged once
    std::string last_problem; // so that a lasting problem is logged once
  };

  void look_at(flow::Interface& interface, Tracking& tracking, const Instant& now);
  void appear(flow::Interface& interface, Tracking& tracking, const kernel::DeviceIdentity& seen);
  void disappear(flow::Interface& interface, Tracking& tracking, const std::string& why);
  bool follow(flow::Interface& interface, Tracking& tracking, const kernel::DeviceIdentity& seen,
              TimePoint now);
  bool follow_key(flow::Interface& interface, Tracking& tracking, const Secret<32>& private_key);
  void pass_over(flow::Interface& interface, Tracking& tracking, const Instant& now);
  void take(flow::Interface& interface, Tracking& tracking, watch::Pass pass, const Instant& now);
  void note_failure(flow::Interface& interface, Tracking& tracking, const std::string& why,
                    const Instant& now);
  static void problem(const flow::Interface& interface, Tracking& tracking,
                      const std::string& text);

  Wiring wiring_;
  std::vector<Tracking> tracking_;
};

} // namespace provisiond::daemon
