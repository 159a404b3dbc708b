#include "cli/subcommands.hpp"

#include "cli/completion.hpp"
#include "cli/daemon.hpp"
#include "cli/database.hpp"
#include "cli/explain.hpp"
#include "cli/gateway.hpp"
#include "cli/network.hpp"
#include "cli/onboarding.hpp"
#include "cli/onboarding_logins.hpp"
#include "cli/peer.hpp"
#include "cli/peer_add.hpp"
#include "cli/peer_change.hpp"
#include "cli/peer_import.hpp"
#include "cli/pool.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <map>
#include <string>

namespace provisiond::cli {
namespace {

struct Group {
  const char* name;
  const char* help;
};

constexpr std::array<Group, 7> groups{{
    {"db", "The database's schema"},
    {"network", "Address spaces, one per interface of a gateway"},
    {"pool", "Where the addresses of new peers come from"},
    {"peer", "Devices that may have a tunnel"},
    {"gateway", "Machines that serve peers, and who may be one"},
    {"onboarding", "Logins that add devices, and for which networks"},
    {"completion", "Scripts that complete these words in a shell"},
}};

constexpr std::array<Subcommand, 41> subcommands{{
    {"db", "migrate", "Create or update the schema; safe to repeat", configure_migrate},
    {"db", "init", "The same, and make a role for a gateway", configure_init},
    {"db", "status", "Compare the schema with the migration files", configure_status},
    {"db", "check", "Say what is unsafe in a database that is in use", configure_check},
    {"network", "add", "Add a network", configure_network_add},
    {"network", "set", "Change a network", configure_network_set},
    {"network", "list", "List the networks", configure_network_list},
    {"pool", "add", "Give a network a pool of addresses", configure_pool_add},
    {"pool", "list", "List the pools and how many addresses are held", configure_pool_list},
    {"peer", "add", "Add a peer, with a new key and configuration unless --public-key is given",
     configure_peer_add},
    {"peer", "list", "List the peers", configure_peer_list},
    {"peer", "show", "Show all that is known of a peer", configure_peer_show},
    {"peer", "set", "Change how a peer lives on the gateways", configure_peer_set},
    {"peer", "revoke", "Remove a peer for good", configure_peer_revoke},
    {"peer", "enable", "Let a disabled peer in again", configure_peer_enable},
    {"peer", "disable", "Refuse a peer and keep its row", configure_peer_disable},
    {"peer", "rotate", "Give a peer another key", configure_peer_rotate},
    {"peer", "move", "Move a peer to another network", configure_peer_move},
    {"peer", "expire", "Say until when a peer is let in", configure_peer_expire},
    {"peer", "pardon", "Let a revoked key be added again", configure_peer_pardon},
    {"peer", "forget-initiations", "Let a device in whose clock went back",
     configure_peer_forget_initiations},
    {"peer", "import", "Add the peers of a CSV file", configure_peer_import},
    {"peer", "export", "Print the peers as a CSV file, without preshared keys",
     configure_peer_export},
    {"gateway", "allow", "Bind a login to a gateway, and to networks", configure_gateway_allow},
    {"gateway", "forbid", "Take that back", configure_gateway_forbid},
    {"gateway", "list", "List the gateways, their interfaces and logins", configure_gateway_list},
    {"onboarding", "allow", "Bind a login to networks that it onboards for",
     configure_onboarding_allow},
    {"onboarding", "forbid", "Take that back", configure_onboarding_forbid},
    {"onboarding", "trust", "Let a login onboard for every network", configure_onboarding_trust},
    {"onboarding", "list", "List the logins that are bound", configure_onboarding_list},
    {"", "pending", "List unknown devices that asked to be let in", configure_pending},
    {"", "approve", "Make a peer of a device that asked to be let in", configure_approve},
    {"", "expect", "Register a key that becomes a peer when it connects first", configure_expect},
    {"", "explain",
     "Say why a device gets in or not: the database of a key, the daemon of a key or address",
     configure_explain},
    {"", "status", "Say how the daemon on this machine is", configure_daemon_status},
    {"", "peers", "List the peers on its interfaces", configure_daemon_peers},
    {"", "drain", "Let the daemon refuse everybody new; tunnels stay", configure_drain},
    {"", "resume", "End that", configure_resume},
    {"", "attack-mode", "Ask every newcomer for a cookie, or none, or as the daemon judges",
     configure_attack_mode},
    {"", "accept-database", "Tell the daemon that another database than before is meant",
     configure_accept_database},
    {"completion", "bash", "Print the script for bash", configure_completion},
}};

} // namespace

void declare_subcommands(CLI::App& app, Action& chosen) {
  app.require_subcommand(1);
  std::map<std::string, CLI::App*> parsers{{"", &app}};
  for (const Group& group : groups)
    parsers[group.name] = app.add_subcommand(group.name, group.help)->require_subcommand(1);
  for (const Subcommand& subcommand : subcommands) {
    CLI::App* const parser =
        parsers.at(subcommand.group)->add_subcommand(subcommand.name, subcommand.help);
    parser->callback([&chosen, run = subcommand.configure(*parser)] { chosen = run; });
  }
}

} // namespace provisiond::cli
