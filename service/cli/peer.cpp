#include "cli/peer.hpp"

#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/peer_text.hpp"
#include "registry/registry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <cerrno>
#include <memory>

namespace provisiond::cli {
namespace {

using registry::PeerRow;

struct PeerOptions {
  DatabaseOptions database;
  std::string peer; // a key, or a name where that is allowed
  std::optional<std::string> network;
  bool as_json = false;
};

ExitStatus run_peer_list(const PeerOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<std::vector<PeerRow>> peers = registry::list_peers(*dsn, options.network);
  if (!peers) return complain(peers.error());
  fmt::print("{}", options.as_json ? json_of(*peers) : table_of(*peers));
  return ExitStatus::ok;
}

Result<PeerRow> find(const SecretString& dsn, const PeerOptions& options) {
  const std::optional<PublicKey> key = PublicKey::parse(options.peer);
  if (key) return registry::find_peer(dsn, *key, options.network);
  if (options.network) return registry::find_peer(dsn, options.peer, *options.network);
  return fail(Error{"a name needs --network, because each network has names of its own", EINVAL});
}

ExitStatus run_show(const PeerOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<PeerRow> peer = find(*dsn, options);
  if (!peer) return complain(peer.error());
  fmt::print("{}", options.as_json ? json_of(*peer) : description_of(*peer));
  return ExitStatus::ok;
}

} // namespace

Action configure_peer_list(CLI::App& parser) {
  const std::shared_ptr<PeerOptions> options = std::make_shared<PeerOptions>();
  add_text(parser, "--network", options->network, "Only those of this network");
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_peer_list(*options); };
}

Action configure_peer_show(CLI::App& parser) {
  const std::shared_ptr<PeerOptions> options = std::make_shared<PeerOptions>();
  parser.add_option("PEER", options->peer, "Public key, or name with --network")->required();
  add_text(parser, "--network", options->network, "The network of the peer");
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_show(*options); };
}

} // namespace provisiond::cli
