#pragma once

#include "events/probe_loader.hpp"
#include "events/source_set.hpp"
#include "metrics/metrics.hpp"
#include "settings/settings.hpp"

#include <string>
#include <vector>

namespace provisiond::daemon {

// How to open each source, with what the operator has set. `loader` and `metrics` outlive them.
events::SourceSet::Openers source_openers(const settings::Settings& settings,
                                          events::ProbeLoader& loader, metrics::Metrics& metrics);

// Which source each interface is to have; indexed by InterfaceId.
std::vector<events::SourcePreference> source_preferences(const settings::Settings& settings);

// One line per source: its name, and "available" or why not. Tries each for real, and lets go of
// it.
std::vector<std::string> describe_event_sources();

} // namespace provisiond::daemon
