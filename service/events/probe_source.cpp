#include "events/probe_source.hpp"

#include "base/fault_point.hpp"
#include "events/bpf/unknown_peer.h"
#include "events/probe_event.hpp"
#include "kernel/link_kind.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace provisiond::events {

ProbeSource::ProbeSource(UniqueFd ready, OpenProbe open_probe, metrics::Metrics& metrics)
    : ready_{std::move(ready)}, open_probe_{std::move(open_probe)}, metrics_{metrics} {}

Result<std::unique_ptr<ProbeSource>> ProbeSource::open(OpenProbe open_probe,
                                                       metrics::Metrics& metrics) {
  UniqueFd ready{::epoll_create1(EPOLL_CLOEXEC)};
  if (!ready) return fail(Error::system("make an epoll for the probe", errno));
  return std::unique_ptr<ProbeSource>{
      new ProbeSource{std::move(ready), std::move(open_probe), metrics}};
}

Status ProbeSource::watch(const WatchedInterface& interface) {
  const Watched* known = find(interface.id);
  if (known != nullptr && known->ifindex == interface.ifindex) return {};
  if (known != nullptr) {
    Status ended = unwatch(interface.id);
    if (!ended) return ended;
  }
  const Result<std::string> link = kernel::link_kind(interface.ifindex);
  if (!link) return fail(link.error());
  if (*link != "wireguard") {
    return fail(Error{"the interface is not one of the kernel's wireguard module"});
  }
  if (watched_.size() >= maximum_interfaces) {
    return fail(Error{"watch an interface: 256 are watched, the maximum"});
  }
  if (!probe_) {
    Status attached = attach();
    if (!attached) return attached;
  }
  const Watched next{.id = interface.id, .ifindex = interface.ifindex, .epoch = ++last_epoch_};
  Status watched = probe_->watch({.id = next.id, .ifindex = next.ifindex, .epoch = next.epoch});
  if (watched)
    watched_.push_back(next);
  else if (watched_.empty())
    detach();
  return watched;
}

Status ProbeSource::unwatch(InterfaceId interface) {
  const Watched* known = find(interface);
  if (known == nullptr) return {};
  const std::uint32_t ifindex = known->ifindex;
  std::erase_if(watched_, [&](const Watched& one) { return one.id == interface; });
  Status ended = probe_->unwatch(ifindex);
  if (watched_.empty()) detach();
  return ended;
}

Status ProbeSource::attach() {
  if (fault_is_on("probe-gone")) return fail(Error{"the probe was taken away (a test)"});
  Result<std::unique_ptr<KernelProbe>> probe = open_probe_();
  if (!probe) return fail(probe.error());
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(ready_.get(), EPOLL_CTL_ADD, (*probe)->fd(), &event) != 0) {
    return fail(Error::system("add the probe's ring buffer to epoll", errno));
  }
  probe_ = std::move(*probe);
  counted_ = {};
  return {};
}

void ProbeSource::detach() {
  static_cast<void>(statistics()); // its last counts
  ::epoll_ctl(ready_.get(), EPOLL_CTL_DEL, probe_->fd(), nullptr);
  probe_.reset();
}

const ProbeSource::Watched* ProbeSource::find(InterfaceId interface) const {
  const std::vector<Watched>::const_iterator found = std::find_if(
      watched_.begin(), watched_.end(), [&](const Watched& one) { return one.id == interface; });
  return found == watched_.end() ? nullptr : &*found;
}

Status ProbeSource::read(const Instant& now, std::vector<Sighting>& sink) {
  if (!probe_) return {};
  return probe_->read(maximum_per_read,
                      [&](const unknown_peer_event& event) { take(event, now, sink); });
}

void ProbeSource::take(const unknown_peer_event& event, const Instant& now,
                       std::vector<Sighting>& sink) {
  const Watched* known = find(InterfaceId{event.interface_id});
  const std::variant<Sighting, metrics::SightingDrop> verdict =
      read_probe_event(event, known == nullptr ? 0 : known->epoch, now);
  if (const Sighting* sighting = std::get_if<Sighting>(&verdict)) {
    sink.push_back(*sighting);
    ++statistics_.sightings;
    metrics_.sightings[SourceKind::probe].add();
    return;
  }
  ++statistics_.refused;
  metrics_.sighting_drops[std::get<metrics::SightingDrop>(verdict)].add();
}

void ProbeSource::refuse(const PeerId& id, TimePoint until) {
  const Watched* known = find(id.interface);
  if (known == nullptr) return;
  // A key that has no room in the kernel is refused here, as before.
  static_cast<void>(probe_->refuse(known->epoch, id.key, until));
}

void ProbeSource::readmit(const PeerId& id) {
  const Watched* known = find(id.interface);
  if (known != nullptr) probe_->readmit(known->epoch, id.key);
}

void ProbeSource::readmit_all(InterfaceId interface) {
  const std::vector<Watched>::iterator known = std::find_if(
      watched_.begin(), watched_.end(), [&](const Watched& one) { return one.id == interface; });
  if (known == watched_.end()) return;
  const Status watched =
      probe_->watch({.id = known->id, .ifindex = known->ifindex, .epoch = last_epoch_ + 1});
  // Otherwise what the kernel refuses expires by itself.
  if (watched) known->epoch = ++last_epoch_;
}

Result<SourceStatistics> ProbeSource::statistics() {
  if (fault_is_on("probe-gone")) return fail(Error{"the probe was taken away (a test)"});
  if (!probe_) return statistics_;
  const Result<KernelProbe::Counts> counts = probe_->counts();
  if (!counts) return fail(counts.error());
  const KernelProbe::Counts before = std::exchange(counted_, *counts);
  const auto count = [&](metrics::SightingDrop drop, std::uint64_t more) {
    metrics_.sighting_drops[drop].add(more);
  };
  count(metrics::SightingDrop::ring_buffer, counts->ring_full - before.ring_full);
  count(metrics::SightingDrop::probe_state, counts->no_state - before.no_state);
  count(metrics::SightingDrop::refused_in_kernel, counts->refused_key - before.refused_key);
  count(metrics::SightingDrop::prefix_budget_in_kernel,
        counts->prefix_budget - before.prefix_budget);
  statistics_.kernel_drops += counts->ring_full - before.ring_full;
  return statistics_;
}

} // namespace provisiond::events
