#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "events/kernel_probe.hpp"

#include <memory>

namespace provisiond::events {

// Loads the probe for a process that may not. The right to do so (CAP_SYS_ADMIN reads all of the
// kernel) stays in another process, which parses nothing of strangers: a child that was made at the
// start, or the service behind `service_socket`. Either attaches, hands over the descriptors and
// keeps none of them.
//
// Loop thread. `open` waits for the loader, 50 ms, more on a slow machine; a child that has not
// answered in a minute is given up.
class ProbeLoader {
 public:
  // Where wg-provisiond-probe.socket of deploy/systemd listens.
  static constexpr const char* service_socket = "/run/wg-provisiond-probe.sock";

  // Looks for the service and, without it, makes the child if this process has the right to load
  // programs. Before there are secrets in memory and before the first thread. The child ends with
  // this object, or with the process.
  static Result<std::unique_ptr<ProbeLoader>> start();

  // Whether there is either of them. If not, this process never calls bpf(2).
  [[nodiscard]] bool is_there() const { return is_served_ || child_; }

  // The Error says which of the needs of KernelProbe is not met.
  [[nodiscard]] Result<std::unique_ptr<KernelProbe>> open(const KernelProbe::Limits& limits);

 private:
  ProbeLoader() = default;

  bool is_served_ = false; // by the service
  UniqueFd child_;         // none: there is no child
};

// The loader itself, as a service of its own or as a child: confines this process to what loading
// takes, and answers at `socket` until nobody asks any more.
Status serve_probe_loader(int socket);

} // namespace provisiond::events
