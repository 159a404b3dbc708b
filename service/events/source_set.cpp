#include "events/source_set.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace provisiond::events {

namespace {

constexpr std::array<SourceKind, 3> all_kinds{SourceKind::netlink, SourceKind::probe,
                                              SourceKind::capture};

std::optional<SourceKind> chosen_kind(SourceChoice choice) {
  switch (choice) {
  case SourceChoice::probe:
    return SourceKind::probe;
  case SourceChoice::netlink:
    return SourceKind::netlink;
  case SourceChoice::capture:
    return SourceKind::capture;
  case SourceChoice::automatic:
    break;
  }
  return std::nullopt;
}

// From best to last: the chosen one, then the order of `automatic`. One that has just failed is
// made anew only when no other works.
std::vector<SourceKind> order_of(SourceChoice choice, std::optional<SourceKind> failed = {}) {
  std::vector<SourceKind> order{all_kinds.begin(), all_kinds.end()};
  const std::optional<SourceKind> chosen = chosen_kind(choice);
  std::stable_partition(order.begin(), order.end(),
                        [&](SourceKind kind) { return kind == chosen; });
  std::stable_partition(order.begin(), order.end(),
                        [&](SourceKind kind) { return kind != failed; });
  return order;
}

void add_reason(std::string& reasons, SourceKind kind, std::string_view reason) {
  if (!reasons.empty()) reasons += "; ";
  reasons += fmt::format("{}: {}", to_string(kind), reason);
}

} // namespace

SourceSet::SourceSet(UniqueFd ready, Openers openers, std::span<const SourcePreference> preferences,
                     metrics::Metrics& metrics)
    : ready_{std::move(ready)}, openers_{std::move(openers)}, metrics_{metrics} {
  for (const SourcePreference& preference : preferences)
    serving_.push_back({.preference = preference, .interface = {}, .first = {}, .second = {}});
}

Result<std::unique_ptr<SourceSet>> SourceSet::open(Openers openers,
                                                   std::span<const SourcePreference> preferences,
                                                   metrics::Metrics& metrics) {
  UniqueFd ready{::epoll_create1(EPOLL_CLOEXEC)};
  if (!ready) return fail(Error::system("make an epoll for the event sources", errno));
  return std::unique_ptr<SourceSet>{
      new SourceSet{std::move(ready), std::move(openers), preferences, metrics}};
}

std::unique_ptr<Source>& SourceSet::source(SourceKind kind) {
  return sources_[static_cast<std::size_t>(kind)];
}

std::optional<SourceKind> SourceSet::source_of(InterfaceId interface) const {
  return serving_[interface.value].first;
}

Status SourceSet::watch(const WatchedInterface& interface, TimePoint now) {
  Serving& serving = serving_[interface.id.value];
  serving.interface = interface;
  if (!serving.first) return choose(serving, now);
  const Status first = source(*serving.first)->watch(interface);
  if (serving.second && !source(*serving.second)->watch(interface)) {
    release(serving, std::exchange(serving.second, std::nullopt));
  }
  if (first) return {};
  release(serving, std::exchange(serving.first, std::nullopt));
  return choose(serving, now);
}

void SourceSet::unwatch(InterfaceId interface) {
  Serving& serving = serving_[interface.value];
  release(serving, std::exchange(serving.first, std::nullopt));
  release(serving, std::exchange(serving.second, std::nullopt));
  serving.interface.reset();
  close_unused();
}

Result<Source*> SourceSet::opened(SourceKind kind) {
  if (source(kind)) return source(kind).get();
  Result<std::unique_ptr<Source>> made = openers_[static_cast<std::size_t>(kind)]();
  if (!made) return fail(made.error());
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(ready_.get(), EPOLL_CTL_ADD, (*made)->fd(), &event) != 0) {
    return fail(Error::system("add an event source to epoll", errno));
  }
  source(kind) = std::move(*made);
  return source(kind).get();
}

Status SourceSet::engage(SourceKind kind, const Serving& serving) {
  const Result<Source*> opened_source = opened(kind);
  if (!opened_source) return fail(opened_source.error());
  if (serving.preference.choice != SourceChoice::netlink &&
      (*opened_source)->offer(*serving.interface) == Offer::claims) {
    return fail(Error{"announces mere keys, without proof (event-source: netlink takes them)"});
  }
  return (*opened_source)->watch(*serving.interface);
}

Status SourceSet::choose(Serving& serving, TimePoint now, std::optional<SourceKind> failed) {
  std::string reasons;
  if (failed) add_reason(reasons, *failed, "it failed");
  for (const SourceKind kind : order_of(serving.preference.choice, failed)) {
    const Status engaged = engage(kind, serving);
    if (!engaged) {
      add_reason(reasons, kind, engaged.error().message());
      continue;
    }
    serving.pause = first_pause;
    serving.try_better_at = now + serving.pause;
    settle(serving, kind, reasons.empty() ? "the first choice" : reasons);
    return {};
  }
  close_unused();
  return fail(Error{fmt::format("no event source works: {}", reasons)});
}

// The interface is watched by `kind` from now on.
void SourceSet::settle(Serving& serving, SourceKind kind, const std::string& reason) {
  release(serving, std::exchange(serving.first, std::nullopt));
  if (serving.second == kind) serving.second.reset();
  serving.first = kind;
  remarks_.push_back({.kind = SourceRemark::Kind::serves,
                      .source = kind,
                      .interface = serving.interface->id,
                      .reason = reason});
  choose_second(serving);
  close_unused();
}

void SourceSet::choose_second(Serving& serving) {
  if (!serving.preference.cross_check || serving.second) return;
  for (const SourceKind kind : all_kinds) {
    if (kind == serving.first || !engage(kind, serving)) continue;
    serving.second = kind;
    return;
  }
}

void SourceSet::release(const Serving& serving, std::optional<SourceKind> kind) {
  if (!kind) return;
  if (source(*kind)) {
    // Should it fail, what comes is about an interface that the flow knows or has given up.
    static_cast<void>(source(*kind)->unwatch(serving.interface->id));
  }
}

void SourceSet::read(const Instant& now, std::vector<Sighting>& sink) {
  for (const SourceKind kind : all_kinds) {
    if (!source(kind)) continue;
    const Status status = source(kind)->read(now, sink);
    if (!status) replace(kind, status.error(), now.steady);
  }
}

void SourceSet::check(TimePoint now) {
  for (const SourceKind kind : all_kinds) {
    if (!source(kind)) continue;
    const Result<SourceStatistics> statistics = source(kind)->statistics();
    if (statistics)
      note_losses(kind, *statistics);
    else
      replace(kind, statistics.error(), now);
  }
  for (Serving& serving : serving_)
    try_better(serving, now);
}

// Only the first loss of a burst is worth a line; the metrics have the rest.
void SourceSet::note_losses(SourceKind kind, const SourceStatistics& statistics) {
  Losses& losses = losses_[static_cast<std::size_t>(kind)];
  const std::uint64_t lost = statistics.kernel_drops - losses.drops;
  losses.drops = statistics.kernel_drops;
  if (lost > 0 && !losses.are_going_on) {
    remarks_.push_back({.kind = SourceRemark::Kind::overran,
                        .source = kind,
                        .interface = {},
                        .reason = std::to_string(lost)});
  }
  losses.are_going_on = lost > 0;
}

// The source has failed: everybody whom it served gets another one.
void SourceSet::replace(SourceKind kind, const Error& error, TimePoint now) {
  metrics_.source_failures[kind].add();
  close(kind);
  for (Serving& serving : serving_) {
    if (serving.second == kind) serving.second.reset();
    if (serving.first != kind) continue;
    serving.first.reset();
    remarks_.push_back({.kind = SourceRemark::Kind::failed,
                        .source = kind,
                        .interface = serving.interface->id,
                        .reason = error.message()});
    const Status chosen = choose(serving, now, kind);
    if (chosen) continue;
    remarks_.push_back({.kind = SourceRemark::Kind::failed,
                        .source = kind,
                        .interface = serving.interface->id,
                        .reason = chosen.error().message()});
    serving.try_better_at = now + serving.pause;
  }
}

void SourceSet::try_better(Serving& serving, TimePoint now) {
  if (!serving.interface || now < serving.try_better_at) return;
  if (!serving.first) {
    // Nothing has worked so far.
    serving.try_better_at = now + serving.pause;
    static_cast<void>(choose(serving, now));
    return;
  }
  for (const SourceKind kind : order_of(serving.preference.choice)) {
    if (kind == *serving.first) break;
    if (!engage(kind, serving)) continue;
    serving.pause = first_pause;
    settle(serving, kind, "it works again");
    break;
  }
  choose_second(serving);
  serving.pause = std::min(2 * serving.pause, longest_pause);
  serving.try_better_at = now + serving.pause;
  close_unused();
}

void SourceSet::close(SourceKind kind) {
  if (!source(kind)) return;
  ::epoll_ctl(ready_.get(), EPOLL_CTL_DEL, source(kind)->fd(), nullptr);
  source(kind).reset();
  losses_[static_cast<std::size_t>(kind)] = {};
}

void SourceSet::close_unused() {
  for (const SourceKind kind : all_kinds) {
    const std::ptrdiff_t interfaces =
        std::count_if(serving_.begin(), serving_.end(),
                      [&](const Serving& serving) { return serving.first == kind; });
    const bool is_used = std::any_of(serving_.begin(), serving_.end(), [&](const Serving& serving) {
      return serving.first == kind || serving.second == kind;
    });
    metrics_.source_interfaces[kind].set(interfaces);
    if (!is_used) close(kind);
  }
}

void SourceSet::refuse(const PeerId& id, TimePoint until) {
  for (const std::unique_ptr<Source>& one : sources_)
    if (one) one->refuse(id, until);
}

void SourceSet::readmit(const PeerId& id) {
  for (const std::unique_ptr<Source>& one : sources_)
    if (one) one->readmit(id);
}

void SourceSet::readmit_all(InterfaceId interface) {
  for (const std::unique_ptr<Source>& one : sources_)
    if (one) one->readmit_all(interface);
}

} // namespace provisiond::events
