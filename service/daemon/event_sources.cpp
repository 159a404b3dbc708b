#include "daemon/event_sources.hpp"

#include "daemon/remarks.hpp"
#include "events/capture_source.hpp"
#include "events/kernel_probe.hpp"
#include "events/netlink_source.hpp"
#include "events/probe_source.hpp"

#include <fmt/format.h>

#include <utility>

namespace provisiond::daemon {

namespace {

events::SourceChoice choice_from(settings::EventSource source) {
  switch (source) {
  case settings::EventSource::automatic:
    return events::SourceChoice::automatic;
  case settings::EventSource::probe:
    return events::SourceChoice::probe;
  case settings::EventSource::netlink:
    return events::SourceChoice::netlink;
  case settings::EventSource::capture:
    return events::SourceChoice::capture;
  }
  return events::SourceChoice::automatic;
}

events::KernelProbe::Limits probe_limits(const settings::Settings& settings) {
  return {.buffer_bytes = std::size_t{settings.events.probe_buffer_kib} << 10,
          .refused_keys = settings.events.probe_refused_keys,
          .per_prefix = settings.admission.per_prefix,
          .shared_prefixes = settings.admission.shared_prefixes,
          .translated_prefixes = settings.admission.translated_prefixes};
}

Result<std::unique_ptr<events::Source>> open_capture(metrics::Metrics& metrics) {
  Result<std::unique_ptr<events::CaptureSource>> source = events::CaptureSource::open({}, metrics);
  if (!source) return fail(source.error());
  remark_on_buffer(**source);
  return std::unique_ptr<events::Source>{std::move(*source)};
}

std::string describe(SourceKind kind, const std::string& text) {
  return fmt::format("{:<8} {}", to_string(kind), text);
}

template <class Opened>
std::string describe(SourceKind kind, const Result<Opened>& opened) {
  return describe(kind, opened ? "available" : "not available: " + opened.error().message());
}

} // namespace

events::SourceSet::Openers source_openers(const settings::Settings& settings,
                                          events::ProbeLoader& loader, metrics::Metrics& metrics) {
  events::SourceSet::Openers openers;
  const auto opener = [&](SourceKind kind) -> events::SourceSet::Opener& {
    return openers[static_cast<std::size_t>(kind)];
  };
  opener(SourceKind::capture) = [&metrics] { return open_capture(metrics); };
  opener(SourceKind::probe) =
      [&loader, &metrics,
       limits = probe_limits(settings)]() -> Result<std::unique_ptr<events::Source>> {
    return events::ProbeSource::open([&loader, limits] { return loader.open(limits); }, metrics);
  };
  opener(SourceKind::netlink) = [&metrics,
                                 bytes = std::size_t{settings.events.netlink_buffer_kib}
                                         << 10]() -> Result<std::unique_ptr<events::Source>> {
    return events::NetlinkSource::open({.buffer_bytes = bytes}, metrics);
  };
  return openers;
}

std::vector<events::SourcePreference> source_preferences(const settings::Settings& settings) {
  std::vector<events::SourcePreference> preferences;
  for (const settings::Interface& interface : settings.interfaces)
    preferences.push_back(
        {.choice = choice_from(interface.event_source), .cross_check = interface.cross_check});
  return preferences;
}

std::vector<std::string> describe_event_sources() {
  metrics::Metrics metrics;
  const Result<std::string> netlink = events::describe_netlink_support();
  return {describe(SourceKind::netlink, netlink ? "available: " + *netlink
                                                : "not available: " + netlink.error().message()),
          describe(SourceKind::probe, events::load_probe({})),
          describe(SourceKind::capture, events::CaptureSource::open({}, metrics))};
}

} // namespace provisiond::daemon
