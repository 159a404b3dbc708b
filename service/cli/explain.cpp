#include "cli/explain.hpp"

#include "base/endpoint.hpp"
#include "cli/daemon.hpp"
#include "cli/daemon_text.hpp"
#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/peer_text.hpp"
#include "cli/table.hpp"
#include "control/protocol.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <memory>

namespace provisiond::cli {
namespace {

struct ExplainOptions {
  DatabaseOptions database;
  std::string key;
  std::optional<std::string> network;
  std::optional<std::string> source;
  std::optional<std::string> interface;
  std::string socket = control::default_socket;
  bool asks_daemon = false;
  bool as_json = false;
};

std::string revoked_reason(const registry::Explanation& explanation) {
  const registry::Revocation revocation = explanation.revocation.value_or(registry::Revocation{});
  return fmt::format("the peer was removed{}{}",
                     revocation.revoked_at ? " at " + *revocation.revoked_at : "",
                     revocation.reason ? ": " + *revocation.reason : ", no reason is given");
}

// The database lets it in, and a gateway has a reason of its own.
std::string own_reason(const registry::RefusalRow& refusal) {
  return fmt::format("the database lets it in, but gateway {} refused it as {}, last at {}, from "
                     "{} port {}",
                     refusal.gateway, refusal.reason, refusal.at, refusal.address, refusal.port);
}

std::string line_of(const nlohmann::json& request) {
  return request.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
}

ExitStatus explain_source(const ExplainOptions& options) {
  if (!IpAddress::parse(*options.source))
    return complain(Error{"ADDRESS is not an IP address: write 192.0.2.7 or 2001:db8::7, without "
                          "port and prefix length",
                          EINVAL});
  const nlohmann::json request{{"request", "explain"}, {"source", *options.source}};
  return ask_and_show(options.socket, line_of(request),
                      options.as_json ? object_of_line : live_source_text);
}

ExitStatus explain_live(const ExplainOptions& options) {
  const Result<PublicKey> key = key_from("KEY", options.key);
  if (!key) return complain(key.error());
  nlohmann::json request{{"request", "explain"}, {"key", key->to_string()}};
  if (options.interface) request["interface"] = *options.interface;
  return ask_and_show(options.socket, line_of(request),
                      options.as_json ? array_of_lines : live_key_text);
}

// What the database says.
ExitStatus explain_row(const ExplainOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<PublicKey> key = key_from("KEY", options.key);
  if (!key) return complain(key.error());
  const Result<registry::Explanation> explanation =
      registry::explain_key(*dsn, *key, options.network);
  if (!explanation) return complain(explanation.error());
  const std::string reason = reason_of(*explanation);
  if (options.as_json) {
    fmt::print("{}", json_of(*explanation, reason));
    return ExitStatus::ok;
  }
  fmt::print("{}: {}\n", explanation->verdict, printable(reason));
  if (explanation->peer) fmt::print("{}", description_of(*explanation->peer));
  if (explanation->session) fmt::print("{}\n", printable(place_of(*explanation->session)));
  return ExitStatus::ok;
}

ExitStatus run_explain(const ExplainOptions& options) {
  const bool asks_daemon = options.source || options.asks_daemon;
  if (asks_daemon && options.network)
    return complain(
        Error{"--network is asked of the database, without --live and --source", EINVAL});
  if (options.source) return explain_source(options);
  if (options.asks_daemon) return explain_live(options);
  if (options.interface) return complain(Error{"--interface goes with --live", EINVAL});
  return explain_row(options);
}

} // namespace

std::string place_of(const registry::SessionRow& session) {
  return fmt::format("its latest session is on gateway {}, interface {}, since {}", session.gateway,
                     session.interface, session.since);
}

std::string reason_of(const registry::Explanation& explanation) {
  const std::string& verdict = explanation.verdict;
  if (verdict == "revoked") return revoked_reason(explanation);
  if (verdict == "expected") return "no peer yet; becomes one when it connects first";
  if (verdict == "trial") return "no peer; becomes one if it holds the network's enrolment key";
  if (!explanation.peer) return "no peer has this key";
  const registry::PeerRow& peer = *explanation.peer;
  if (explanation.refusal) return own_reason(*explanation.refusal);
  if (verdict == "found") return fmt::format("a gateway of network {} installs it", peer.network);
  if (verdict == "other_network")
    return fmt::format("the key belongs to network {}, not {}", peer.network, explanation.network);
  if (verdict == "disabled") return "the row is kept but refused: enabled is false";
  if (verdict == "not_yet_valid")
    return fmt::format("refused before {}", peer.not_before.value_or("-"));
  if (verdict == "expired") return fmt::format("refused since {}", peer.expires_at.value_or("-"));
  return "a gateway is refused it";
}

Action configure_explain(CLI::App& parser) {
  const std::shared_ptr<ExplainOptions> options = std::make_shared<ExplainOptions>();
  parser.add_option("KEY", options->key, "Public key that a device shows");
  parser.add_flag("--live", options->asks_daemon,
                  "What the daemon on this machine would say now, and said last");
  add_text(parser, "--source", options->source,
           "Instead of KEY: what the daemon would say to this IP address");
  add_text(parser, "--interface", options->interface, "With --live: only of this interface");
  add_socket_option(parser, options->socket);
  add_text(parser, "--network", options->network,
           "As a gateway of this network would ask; default: the peer's own");
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  parser.parse_complete_callback([options] {
    if (options->source.has_value() != options->key.empty())
      throw CLI::RequiredError("KEY, or --source ADDRESS,");
  });
  return [options] { return run_explain(*options); };
}

} // namespace provisiond::cli
