#pragma once

#include "base/clock.hpp"
#include "events/source.hpp"
#include "flow/flow.hpp"
#include "flow/interface.hpp"
#include "kernel/wg_device.hpp"
#include "metrics/metrics.hpp"
#include "watch/schedule.hpp"

#include <string>
#include <vector>

namespace provisiond::daemon {

// Keeps the interfaces that we serve in step with the machine: opens a device when it appears,
// follows its private key and port, notices when it is gone or was made again under the same name,
// and lets the watch pass over its peers. Reads only; what follows from it is the flow's.
//
// Loop thread. Logs each change once. A look costs one short dump per interface; a pass is linear
// in peers.
class Interfaces {
 public:
  struct Wiring {
    std::vector<flow::Interface>& interfaces;
    events::Source& source;
    flow::Flow& flow;
    metrics::Metrics& metrics;
  };

  // `backends` and `interval` (between passes) are indexed like Wiring::interfaces.
  Interfaces(const Wiring& wiring, const std::vector<kernel::Backend>& backends, Duration interval);

  // Once per identity interval, and when a link changed.
  void look(const Instant& now);
  // As often as the loop turns; passes over devices when their schedule says so.
  void pass(const Instant& now);

  [[nodiscard]] std::size_t present() const;
  // Called `name`, among those that we serve.
  [[nodiscard]] bool serves(const std::string& name) const;

 private:
  // What we know of an interface beyond what the flow needs.
  struct Tracking {
    kernel::Backend backend = kernel::Backend::automatic;
    std::uint32_t ifindex = 0;
    std::uint16_t listen_port = 0;
    watch::Schedule schedule;
    std::string last_problem; // so that a lasting problem is logged once
  };

  void look_at(flow::Interface& interface, Tracking& tracking, const Instant& now);
  void appear(flow::Interface& interface, Tracking& tracking, const kernel::DeviceIdentity& seen);
  void disappear(flow::Interface& interface, Tracking& tracking, const std::string& why);
  bool follow(flow::Interface& interface, Tracking& tracking, const kernel::DeviceIdentity& seen);
  bool follow_key(flow::Interface& interface, Tracking& tracking, const Secret<32>& private_key);
  void pass_over(flow::Interface& interface, Tracking& tracking, const Instant& now);
  static void problem(const flow::Interface& interface, Tracking& tracking,
                      const std::string& text);

  Wiring wiring_;
  std::vector<Tracking> tracking_;
};

} // namespace provisiond::daemon
