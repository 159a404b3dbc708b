#include "cli/life_rules.hpp"

#include "cli/options.hpp"

#include <CLI/CLI.hpp>

namespace provisiond::cli {

void add_network_life_options(CLI::App& parser, registry::NetworkChange& change) {
  add_text(parser, "--idle-timeout", change.idle_timeout,
           "How long its peers stay on a gateway without a handshake, as 1h, 3 minutes to 30 days; "
           "default: as the gateway is set up");
  add_list(parser, "--allowed-sources", change.life.allowed_sources,
           "Prefix that first packets come from; may be repeated; default: anywhere");
  add_choice(
      parser, "--roaming", change.life.roaming,
      {.words = {"yes", "no"}, .help = "no keeps peers to the address they were let in from"});
  add_choice(parser, "--several-gateways", change.life.several_gateways,
             {.words = {"yes", "no"}, .help = "yes lets peers have sessions on several at a time"});
}

void add_peer_life_options(CLI::App& parser, registry::PeerChange& change) {
  add_list(parser, "--allowed-sources", change.life.allowed_sources,
           "Prefix that its first packet comes from; may be repeated; default: the network's");
  add_choice(
      parser, "--roaming", change.life.roaming,
      {.words = {"yes", "no", ""},
       .help = "no keeps it to the address that it was let in from; default: the network's"});
  add_choice(parser, "--several-gateways", change.life.several_gateways,
             {.words = {"yes", "no", ""},
              .help = "yes lets it have sessions on several at a time; default: the network's"});
  add_choice(
      parser, "--evict-last", change.evict_last,
      {.words = {"yes", "no"}, .help = "yes lets others go first when an interface is full"});
}

bool has_no_rule(const registry::LifeRules& rules) {
  return !rules.allowed_sources && !rules.roaming && !rules.several_gateways;
}

} // namespace provisiond::cli
