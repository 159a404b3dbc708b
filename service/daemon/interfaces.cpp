#include "daemon/interfaces.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace provisiond::daemon {

Interfaces::Interfaces(const Wiring& wiring, const std::vector<kernel::Backend>& backends,
                       Duration interval)
    : wiring_{wiring} {
  for (const kernel::Backend backend : backends) {
    tracking_.push_back(Tracking{.backend = backend,
                                 .ifindex = 0,
                                 .listen_port = 0,
                                 .schedule = watch::Schedule{interval},
                                 .is_ordered = false,
                                 .has_failed = false,
                                 .last_problem = {}});
  }
}

std::size_t Interfaces::present() const {
  return static_cast<std::size_t>(
      std::count_if(wiring_.interfaces.begin(), wiring_.interfaces.end(),
                    [](const flow::Interface& interface) { return interface.is_present(); }));
}

bool Interfaces::is_concerned(const kernel::LinkEvent& event) const {
  if (event.kind == kernel::LinkEvent::Kind::overrun) return true;
  return std::any_of(
      wiring_.interfaces.begin(), wiring_.interfaces.end(), [&](const flow::Interface& interface) {
        return interface.name == event.name || ifindex_of(interface.id) == event.ifindex;
      });
}

void Interfaces::look(const Instant& now) {
  for (flow::Interface& interface : wiring_.interfaces)
    look_at(interface, tracking_[interface.id.value], now);
}

void Interfaces::look_at(flow::Interface& interface, Tracking& tracking, const Instant& now) {
  std::unique_ptr<kernel::WgDevice> opened;
  if (!interface.is_present()) {
    Result<std::unique_ptr<kernel::WgDevice>> device =
        wiring_.open_device(interface.name, tracking.backend);
    if (!device) return problem(interface, tracking, device.error().message());
    opened = std::move(*device);
  }
  kernel::WgDevice& device = opened ? *opened : *interface.device;
  const Result<kernel::DeviceIdentity> seen = device.identity();
  if (!seen) {
    disappear(interface, tracking, seen.error().message());
    return;
  }
  if (interface.is_present() && seen->ifindex != tracking.ifindex) {
    disappear(interface, tracking, "it was made again");
    return look_at(interface, tracking, now);
  }
  if (!follow(interface, tracking, *seen, now.steady)) return;
  if (!opened) return;
  interface.device = std::move(opened);
  appear(interface, tracking, *seen);
  pass_over(interface, tracking, now);
}

void Interfaces::appear(flow::Interface& interface, Tracking& tracking,
                        const kernel::DeviceIdentity& seen) {
  tracking.ifindex = seen.ifindex;
  tracking.last_problem.clear();
  tracking.has_failed = false;
  tracking.schedule.hurry();
  log::info("serving interface",
            {{"interface", interface.name},
             {"network", interface.network},
             {"public_key", interface.identity->public_key().to_string()},
             {"listen_port", std::to_string(seen.listen_port)},
             {"source", std::string{to_string(*wiring_.sources.source_of(interface.id))}}});
}

void Interfaces::disappear(flow::Interface& interface, Tracking& tracking, const std::string& why) {
  if (interface.is_present()) {
    log::warning("interface gone, waiting for it",
                 {{"interface", interface.name}, {"reason", why}});
    tracking.last_problem = why;
  } else {
    problem(interface, tracking, why);
  }
  interface.device.reset();
  interface.identity.reset();
  tracking.ifindex = 0;
  tracking.listen_port = 0;
  wiring_.sources.unwatch(interface.id);
  wiring_.flow.forget(interface);
}

// False when the interface cannot be served as it is.
bool Interfaces::follow(flow::Interface& interface, Tracking& tracking,
                        const kernel::DeviceIdentity& seen, TimePoint now) {
  if (!seen.private_key || seen.listen_port == 0) {
    const char* what = seen.private_key ? "it is down or has no listen port; `ip link set up dev "
                                        : "it has no private key; `wg set ";
    disappear(interface, tracking, fmt::format("{}{}`", what, interface.name));
    return false;
  }
  if (!follow_key(interface, tracking, *seen.private_key)) return false;
  if (seen.listen_port == tracking.listen_port) return true;
  const Status watched = wiring_.sources.watch(
      {.id = interface.id, .ifindex = seen.ifindex, .listen_port = seen.listen_port}, now);
  if (!watched) {
    problem(interface, tracking, watched.error().message());
    return false;
  }
  if (tracking.listen_port != 0) {
    log::info("listen port changed",
              {{"interface", interface.name}, {"listen_port", std::to_string(seen.listen_port)}});
  }
  tracking.listen_port = seen.listen_port;
  interface.listen_port = seen.listen_port;
  return true;
}

bool Interfaces::follow_key(flow::Interface& interface, Tracking& tracking,
                            const Secret<32>& private_key) {
  if (interface.identity && sodium_memcmp(interface.identity->private_key().data(),
                                          private_key.bytes().data(), 32) == 0) {
    return true;
  }
  Result<std::shared_ptr<const authenticate::InterfaceIdentity>> identity =
      authenticate::InterfaceIdentity::make(private_key);
  if (!identity) {
    problem(interface, tracking, identity.error().message());
    return false;
  }
  if (interface.identity) {
    log::info("private key changed", {{"interface", interface.name},
                                      {"public_key", (*identity)->public_key().to_string()}});
  }
  interface.identity = std::move(*identity);
  return true;
}

void Interfaces::pass(const Instant& now) {
  for (flow::Interface& interface : wiring_.interfaces) {
    Tracking& tracking = tracking_[interface.id.value];
    if (!interface.is_present() || tracking.is_ordered || wiring_.flow.has_inspections()) continue;
    const bool seeks_all = interface.known != flow::Interface::Known::all && !tracking.has_failed;
    const bool is_urgent = wiring_.flow.greeted() > 0 || seeks_all;
    if (!tracking.schedule.is_due(is_urgent, now.steady)) continue;
    tracking.is_ordered = wiring_.orders.push({.interface = interface.id,
                                               .name = interface.name,
                                               .backend = tracking.backend,
                                               .ifindex = tracking.ifindex});
    if (tracking.is_ordered) wiring_.flow.begin_pass(interface);
  }
}

void Interfaces::passed(watch::Pass pass, const Instant& now) {
  flow::Interface& interface = wiring_.interfaces[pass.interface.value];
  Tracking& tracking = tracking_[pass.interface.value];
  tracking.is_ordered = false;
  if (interface.is_present() && pass.ifindex == tracking.ifindex)
    take(interface, tracking, std::move(pass), now);
}

// The first pass over a device is made here and now: before it no device is served, because a peer
// that is there already would be taken for a new one. Should it be incomplete, the next ones follow
// as fast as they may until one is complete.
void Interfaces::pass_over(flow::Interface& interface, Tracking& tracking, const Instant& now) {
  wiring_.flow.begin_pass(interface);
  Result<kernel::PeerList> peers = interface.device->peers();
  if (!peers) return disappear(interface, tracking, peers.error().message());
  const Instant done = wiring_.clock();
  take(interface, tracking,
       {.interface = interface.id,
        .ifindex = tracking.ifindex,
        .begin = now.steady,
        .end = done.steady,
        .peers = std::move(peers)},
       done);
  while (wiring_.flow.has_inspections())
    wiring_.flow.inspect_more(done);
}

void Interfaces::take(flow::Interface& interface, Tracking& tracking, watch::Pass pass,
                      const Instant& now) {
  tracking.schedule.passed(pass.begin, pass.end);
  wiring_.metrics.watch_pass_duration.observe(pass.end - pass.begin);
  if (!pass.peers) return note_failure(interface, tracking, pass.peers.error().message(), now);
  if (std::exchange(tracking.has_failed, false))
    log::info("peers can be read again", {{"interface", interface.name}});
  if (!pass.peers->is_complete) wiring_.metrics.incomplete_passes.add();
  wiring_.flow.inspect(interface, std::move(*pass.peers), now);
}

// The device may be gone, which is said elsewhere.
void Interfaces::note_failure(flow::Interface& interface, Tracking& tracking,
                              const std::string& why, const Instant& now) {
  wiring_.metrics.device_errors.add();
  const std::uint32_t ifindex = tracking.ifindex;
  look_at(interface, tracking, now);
  const bool is_same = interface.is_present() && tracking.ifindex == ifindex;
  if (!is_same || std::exchange(tracking.has_failed, true)) return;
  log::warning("cannot read the peers, trying again at the next pass",
               {{"interface", interface.name}, {"error", why}});
}

void Interfaces::problem(const flow::Interface& interface, Tracking& tracking,
                         const std::string& text) {
  if (text == tracking.last_problem) return;
  tracking.last_problem = text;
  log::warning("cannot serve interface, trying again every second",
               {{"interface", interface.name}, {"error", text}});
}

} // namespace provisiond::daemon
