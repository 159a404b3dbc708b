#pragma once

#include "registry/registry.hpp"

#include <span>
#include <string>

namespace provisiond::cli {

// Peers for people: one per line, or one with a line for each thing known of it.
std::string table_of(std::span<const registry::PeerRow> peers);
std::string description_of(const registry::PeerRow& peer);

// "peer 7 (lent laptop) of network office"
std::string title_of(const registry::PeerRow& peer);
// The same and ": 10.0.0.2/32, fd00::2/128".
std::string place_of(const registry::PeerRow& peer);

} // namespace provisiond::cli
