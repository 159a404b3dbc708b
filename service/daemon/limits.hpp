#pragma once

#include "admit/claim_gate.hpp"
#include "admit/key_gate.hpp"
#include "admit/negative_cache.hpp"
#include "admit/second_chance.hpp"
#include "admit/source_gate.hpp"
#include "daemon/database_watch.hpp"
#include "daemon/routing.hpp"
#include "flow/interface.hpp"
#include "flow/wiring.hpp"
#include "greet/budget.hpp"
#include "kernel/wg_device.hpp"
#include "lookup/pool.hpp"
#include "settings/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What each stage has to know of the settings, in the stage's own words. Pure.

namespace provisiond::daemon {

std::vector<flow::Interface> interfaces_from(const settings::Settings& settings);
kernel::Backend backend_from(settings::Backend backend);
// For each interface; none where no routes are kept.
std::vector<std::optional<Routing::Order>> route_orders_from(const settings::Settings& settings);
std::vector<std::string> networks_from(const settings::Settings& settings);
std::vector<std::string> interface_names_from(const settings::Settings& settings);
admit::SourceGate::Limits source_gate_limits(const settings::Settings& settings);
admit::NegativeCache::Limits negative_cache_limits(const settings::Settings& settings);
admit::KeyGate::Limits key_gate_limits(const settings::Settings& settings);
admit::SecondChance::Limits second_chance_limits(const settings::Settings& settings);
admit::ClaimGate::Limits claim_gate_limits(const settings::Settings& settings);
greet::Budget::Limits greet_limits(const settings::Settings& settings);
lookup::Limits lookup_limits(const settings::Settings& settings, const lookup::Gateway& gateway);
DatabaseWatch::Limits database_watch_limits(const settings::Settings& settings);
flow::Limits flow_limits(const settings::Settings& settings, const lookup::Gateway& gateway);

} // namespace provisiond::daemon
