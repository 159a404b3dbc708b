#pragma once

#include "cli/subcommand.hpp"
#include "lookup/registry.hpp"

namespace provisiond::cli {

// How peers live on the gateways: the options of a network, and of a peer, whose go before.
void add_network_life_options(CLI::App& parser, lookup::NetworkChange& change);
void add_peer_life_options(CLI::App& parser, lookup::PeerChange& change);

bool has_no_rule(const lookup::LifeRules& rules);

} // namespace provisiond::cli
