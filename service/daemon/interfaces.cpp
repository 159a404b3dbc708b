#include "daemon/interfaces.hpp"

#include "base/log.hpp"
#include "peers/device_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

namespace provisiond::daemon {

using watch::Question;

Interfaces::Interfaces(Wiring wiring, Duration interval)
    : wiring_{std::move(wiring)}, tracking_(wiring_.interfaces.size(), Tracking{interval}) {}

std::size_t Interfaces::served() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      wiring_.interfaces, [](const flow::Interface& interface) { return interface.is_served(); }));
}

bool Interfaces::is_concerned(const kernel::LinkEvent& event) const {
  if (event.kind == kernel::LinkEvent::Kind::overrun) return true;
  return std::ranges::any_of(wiring_.interfaces, [&](const flow::Interface& interface) {
    return interface.name == event.name || interface.ifindex == event.ifindex;
  });
}

void Interfaces::look(const Instant& now, Urgency urgency) {
  for (const flow::Interface& interface : wiring_.interfaces) {
    Tracking& tracking = tracking_[interface.id.value];
    if (urgency == Urgency::urgent)
      tracking.looks_again = tracking.is_looking;
    else if (now.steady < tracking.look_due)
      continue;
    look_at(interface, tracking);
  }
}

// Of one that is not served yet its peers are read as well, to be known from the beginning.
void Interfaces::look_at(const flow::Interface& interface, Tracking& tracking) {
  if (tracking.is_looking) return;
  const Question question = interface.is_present() ? Question::identity : Question::both;
  tracking.is_looking =
      wiring_.ask(interface.id, {.question = question, .ifindex = interface.ifindex});
}

void Interfaces::take(watch::Reading reading, const Instant& now) {
  const flow::Interface& interface = wiring_.interfaces[reading.interface.value];
  Tracking& tracking = tracking_[reading.interface.value];
  if (reading.order.question == Question::peers) {
    tracking.is_passing = false;
    if (interface.is_present() && reading.order.ifindex == interface.ifindex)
      take_peers(interface, tracking, reading, now);
    return;
  }
  tracking.is_looking = false;
  // One that does not answer waits on its reader alone, and is to be heard when it does.
  const Duration took = *reading.identity ? reading.end - reading.begin : Duration::zero();
  tracking.look_due = reading.end + 9 * took;
  seen(interface, tracking, reading, now);
  if (std::exchange(tracking.looks_again, false)) look_at(interface, tracking);
}

void Interfaces::seen(const flow::Interface& interface, Tracking& tracking, watch::Reading& reading,
                      const Instant& now) {
  if (!*reading.identity) return not_seen(interface, tracking, reading.identity->error());
  const kernel::DeviceIdentity& device = **reading.identity;
  if (std::exchange(tracking.is_silent, false))
    log::info("device answers again", {{"interface", interface.name}});
  if (interface.is_present() && device.ifindex != interface.ifindex) {
    detach(interface, tracking, "it was made again");
    return look_at(interface, tracking);
  }
  if (!device.private_key || device.listen_port == 0) {
    const char* what = device.private_key ? "it is down or has no listen port; `ip link set up dev "
                                          : "it has no private key; `wg set ";
    return detach(interface, tracking, fmt::format("{}{}`", what, interface.name));
  }
  const bool is_new = !interface.is_present();
  if (is_new && reading.peers && !*reading.peers)
    return not_seen(interface, tracking, reading.peers->error());
  if (is_new && !reading.peers) return look_at(interface, tracking); // detached meanwhile
  if (!watch_port(interface, tracking, device, now.steady)) return;
  if (!attach(interface, tracking, device) || !is_new) return;
  wiring_.flow.life().begin_pass(interface.id);
  take_peers(interface, tracking, reading, now);
}

// An interface that is not there is waited for. One that does not answer is what it was.
void Interfaces::not_seen(const flow::Interface& interface, Tracking& tracking,
                          const Error& error) {
  const bool is_gone = peers::verdict_on(error) == peers::Verdict::gone;
  if (!interface.is_present()) {
    if (is_gone) wiring_.sources.unwatch(interface.id);
    if (is_gone) tracking.watched_port = 0;
    return problem(interface, tracking, error.message());
  }
  if (is_gone) return detach(interface, tracking, error.message());
  wiring_.metrics.device_errors.add();
  if (std::exchange(tracking.is_silent, true)) return;
  log::warning("device does not answer, its peers stay as they are",
               {{"interface", interface.name}, {"error", error.message()}});
}

void Interfaces::detach(const flow::Interface& interface, Tracking& tracking,
                        const std::string& why) {
  if (interface.is_present()) {
    log::warning("interface gone, waiting for it",
                 {{"interface", interface.name}, {"reason", why}});
    tracking.last_problem = why;
  } else {
    problem(interface, tracking, why);
  }
  tracking.watched_port = 0;
  tracking.is_silent = false;
  wiring_.sources.unwatch(interface.id);
  wiring_.flow.life().detach(interface.id);
}

bool Interfaces::watch_port(const flow::Interface& interface, Tracking& tracking,
                            const kernel::DeviceIdentity& device, TimePoint now) {
  if (device.listen_port == tracking.watched_port) return true;
  const Status watched = wiring_.sources.watch(
      {.id = interface.id, .ifindex = device.ifindex, .listen_port = device.listen_port}, now);
  if (!watched) {
    problem(interface, tracking, watched.error().message());
    return false;
  }
  if (tracking.watched_port != 0) {
    log::info("listen port changed",
              {{"interface", interface.name}, {"listen_port", std::to_string(device.listen_port)}});
  }
  tracking.watched_port = device.listen_port;
  return true;
}

// What has not changed stays as it is; false when the interface cannot be served.
bool Interfaces::attach(const flow::Interface& interface, Tracking& tracking,
                        const kernel::DeviceIdentity& device) {
  std::shared_ptr<const authenticate::InterfaceIdentity> identity = interface.identity;
  const bool is_same_key = identity && sodium_memcmp(identity->private_key().data(),
                                                     device.private_key->bytes().data(), 32) == 0;
  if (!is_same_key) {
    Result<std::shared_ptr<const authenticate::InterfaceIdentity>> made =
        authenticate::InterfaceIdentity::make(*device.private_key,
                                              wiring_.shared_secrets / wiring_.interfaces.size());
    if (!made) {
      problem(interface, tracking, made.error().message());
      return false;
    }
    identity = std::move(*made);
  }
  const bool is_new = !interface.is_present();
  wiring_.flow.life().attach(
      interface.id,
      {.identity = identity, .ifindex = device.ifindex, .listen_port = device.listen_port});
  const std::string key = identity->public_key().to_string();
  if (is_new) {
    tracking.last_problem.clear();
    tracking.has_failed = false;
    tracking.schedule.hurry();
    log::info("serving interface",
              {{"interface", interface.name},
               {"network", interface.network},
               {"public_key", key},
               {"listen_port", std::to_string(device.listen_port)},
               {"source", std::string{to_string(*wiring_.sources.source_of(interface.id))}}});
    if (interface.is_dry_run)
      log::warning("dry_run, nothing is done on the interface", {{"interface", interface.name}});
  } else if (!is_same_key) {
    log::info("private key changed", {{"interface", interface.name}, {"public_key", key}});
  }
  return true;
}

void Interfaces::pass(const Instant& now) {
  for (const flow::Interface& interface : wiring_.interfaces) {
    Tracking& tracking = tracking_[interface.id.value];
    if (!interface.is_present() || tracking.is_passing || interface.inspection.has_work()) continue;
    const bool seeks_all = interface.known != flow::Interface::Known::all && !tracking.has_failed;
    const bool is_urgent = wiring_.flow.life().greeted() > 0 || seeks_all;
    if (!tracking.schedule.is_due(is_urgent, now.steady)) continue;
    tracking.is_passing =
        wiring_.ask(interface.id, {.question = Question::peers, .ifindex = interface.ifindex});
    if (tracking.is_passing) wiring_.flow.life().begin_pass(interface.id);
  }
}

void Interfaces::take_peers(const flow::Interface& interface, Tracking& tracking,
                            watch::Reading& reading, const Instant& now) {
  tracking.schedule.passed(reading.begin, reading.end);
  wiring_.metrics.watch_pass_duration.observe(reading.end - reading.begin);
  if (!*reading.peers) return note_failure(interface, tracking, reading.peers->error());
  if (std::exchange(tracking.has_failed, false))
    log::info("peers can be read again", {{"interface", interface.name}});
  if (!(*reading.peers)->is_complete) wiring_.metrics.incomplete_passes.add();
  wiring_.flow.life().take_pass(interface.id, std::move(**reading.peers), now);
}

// Whether the device is gone, a look says.
void Interfaces::note_failure(const flow::Interface& interface, Tracking& tracking,
                              const Error& error) {
  wiring_.metrics.device_errors.add();
  look_at(interface, tracking);
  if (peers::verdict_on(error) == peers::Verdict::gone) return;
  if (std::exchange(tracking.has_failed, true)) return;
  log::warning("cannot read the peers, trying again at the next pass",
               {{"interface", interface.name}, {"error", error.message()}});
}

void Interfaces::problem(const flow::Interface& interface, Tracking& tracking,
                         const std::string& text) {
  if (text == tracking.last_problem) return;
  tracking.last_problem = text;
  log::warning("cannot serve interface, trying again every second",
               {{"interface", interface.name}, {"error", text}});
}

} // namespace provisiond::daemon
