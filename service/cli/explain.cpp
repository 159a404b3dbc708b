#include "cli/explain.hpp"

#include "cli/json.hpp"
#include "cli/options.hpp"
#include "cli/peer_text.hpp"
#include "cli/table.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <memory>

namespace provisiond::cli {
namespace {

struct ExplainOptions {
  DatabaseOptions database;
  std::string key;
  std::optional<std::string> network;
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

ExitStatus run_explain(const ExplainOptions& options) {
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
  parser.add_option("KEY", options->key, "Public key that a device shows")->required();
  add_text(parser, "--network", options->network,
           "As a gateway of this network would ask; default: the peer's own");
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_explain(*options); };
}

} // namespace provisiond::cli
