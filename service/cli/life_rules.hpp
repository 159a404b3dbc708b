#pragma once

#include "cli/subcommand.hpp"
#include "registry/registry.hpp"

namespace provisiond::cli {

// How peers live on the gateways: the options of a network, and of a peer, whose go before.
void add_network_life_options(CLI::App& parser, registry::NetworkChange& change);
void add_peer_life_options(CLI::App& parser, registry::PeerChange& change);

bool has_no_rule(const registry::LifeRules& rules);

} // namespace provisiond::cli
