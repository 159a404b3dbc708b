#include "cli/peer_change.hpp"

#include "cli/life_rules.hpp"
#include "cli/options.hpp"
#include "cli/peer_text.hpp"
#include "cli/table.hpp"
#include "registry/registry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

#include <functional>
#include <memory>

namespace provisiond::cli {
namespace {

using registry::PeerRow;

struct PeerChangeOptions {
  DatabaseOptions database;
  std::string key;
  std::string new_key;
  std::string network;
  std::optional<std::string> reason;
  std::optional<std::string> overlap;
  std::optional<std::string> allowed_ips;
  std::optional<std::string> expires_at;
  bool never_expires = false;
  registry::PeerChange change;
};

using Change = std::function<Result<PeerRow>(const SecretString& dsn, const PublicKey& key)>;
using Words = std::function<std::string(const PeerRow& peer)>;

ExitStatus run_change(const PeerChangeOptions& options, const Change& change, const Words& words) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<PublicKey> key = key_from("KEY", options.key);
  if (!key) return complain(key.error());
  const Result<PeerRow> peer = change(*dsn, *key);
  if (!peer) return complain(peer.error());
  fmt::print("{}\n", words(*peer));
  return ExitStatus::ok;
}

ExitStatus run_revoke(const PeerChangeOptions& options) {
  return run_change(
      options,
      [&](const SecretString& dsn, const PublicKey& key) {
        return registry::revoke_peer(dsn, key, options.reason);
      },
      [](const PeerRow& peer) { return "revoked " + title_of(peer); });
}

ExitStatus run_enabled(const PeerChangeOptions& options, bool is_enabled) {
  return run_change(
      options,
      [&](const SecretString& dsn, const PublicKey& key) {
        return registry::set_peer_enabled(dsn, key, is_enabled);
      },
      [&](const PeerRow& peer) {
        return (is_enabled ? "enabled " : "disabled ") + title_of(peer);
      });
}

ExitStatus run_rotate(const PeerChangeOptions& options) {
  const Result<PublicKey> new_key = key_from("NEWKEY", options.new_key);
  if (!new_key) return complain(new_key.error());
  return run_change(
      options,
      [&](const SecretString& dsn, const PublicKey& key) {
        return registry::rotate_key(dsn, key, *new_key, options.overlap);
      },
      [&](const PeerRow& peer) {
        return fmt::format("rotated the key of {}; the former one is {}", title_of(peer),
                           options.overlap ? "let in for " + printable(*options.overlap)
                                           : "revoked");
      });
}

ExitStatus run_move(const PeerChangeOptions& options) {
  return run_change(
      options,
      [&](const SecretString& dsn, const PublicKey& key) {
        return registry::move_peer(dsn, key, options.network, options.allowed_ips);
      },
      [](const PeerRow& peer) { return "moved " + place_of(peer); });
}

ExitStatus run_expire(const PeerChangeOptions& options) {
  if (options.never_expires == options.expires_at.has_value())
    return complain(Error{"when does it expire? Give --at TIME or --never"}, ExitStatus::usage);
  return run_change(
      options,
      [&](const SecretString& dsn, const PublicKey& key) {
        return registry::set_expiry(dsn, key, options.expires_at);
      },
      [](const PeerRow& peer) {
        return fmt::format("{} expires {}", title_of(peer),
                           peer.expires_at ? "at " + *peer.expires_at : "never");
      });
}

ExitStatus run_peer_set(const PeerChangeOptions& options) {
  if (has_no_rule(options.change.life) && !options.change.evict_last)
    return complain(Error{"nothing to change: give --allowed-sources, --roaming, "
                          "--several-gateways or --evict-last"},
                    ExitStatus::usage);
  return run_change(
      options,
      [&](const SecretString& dsn, const PublicKey& key) {
        return registry::set_peer(dsn, key, options.change);
      },
      [](const PeerRow& peer) { return "changed " + title_of(peer); });
}

ExitStatus run_forget_initiations(const PeerChangeOptions& options) {
  return run_change(options, registry::forget_initiations, [](const PeerRow& peer) {
    return "forgot the initiations of " + title_of(peer);
  });
}

ExitStatus run_pardon(const PeerChangeOptions& options) {
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  const Result<PublicKey> key = key_from("KEY", options.key);
  if (!key) return complain(key.error());
  const Status pardoned = registry::pardon_key(*dsn, *key);
  if (!pardoned) return complain(pardoned.error());
  fmt::print("pardoned {}: it may be added again\n", key->to_string());
  return ExitStatus::ok;
}

std::shared_ptr<PeerChangeOptions> add_key_options(CLI::App& parser, const char* help) {
  std::shared_ptr<PeerChangeOptions> options = std::make_shared<PeerChangeOptions>();
  parser.add_option("KEY", options->key, help)->required();
  add_database_options(parser, options->database);
  return options;
}

} // namespace

Action configure_peer_revoke(CLI::App& parser) {
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key of the peer");
  add_text(parser, "--reason", options->reason, "For people; kept with the key");
  return [options] { return run_revoke(*options); };
}

Action configure_peer_pardon(CLI::App& parser) {
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key that was revoked");
  return [options] { return run_pardon(*options); };
}

Action configure_peer_set(CLI::App& parser) {
  parser.footer("What is not given stays as it is; '' leaves it to the network.");
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key of the peer");
  add_peer_life_options(parser, options->change);
  return [options] { return run_peer_set(*options); };
}

Action configure_peer_forget_initiations(CLI::App& parser) {
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key of the peer");
  return [options] { return run_forget_initiations(*options); };
}

Action configure_peer_enable(CLI::App& parser) {
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key of the peer");
  return [options] { return run_enabled(*options, true); };
}

Action configure_peer_disable(CLI::App& parser) {
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key of the peer");
  return [options] { return run_enabled(*options, false); };
}

Action configure_peer_rotate(CLI::App& parser) {
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key of the peer");
  parser.add_option("NEWKEY", options->new_key, "The one that it has from now on")->required();
  add_text(parser, "--overlap", options->overlap,
           "How long the former key is let in as well, as 1h; default: not at all");
  return [options] { return run_rotate(*options); };
}

Action configure_peer_move(CLI::App& parser) {
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key of the peer");
  parser.add_option("--network", options->network, "Where it goes")->required();
  add_text(
      parser, "--allowed-ips", options->allowed_ips,
      "As 10.0.0.2/32,fd00::2/128; default: from the pools there, or as they are if it has none");
  return [options] { return run_move(*options); };
}

Action configure_peer_expire(CLI::App& parser) {
  const std::shared_ptr<PeerChangeOptions> options =
      add_key_options(parser, "Public key of the peer");
  add_text(parser, "--at", options->expires_at,
           "Refused from this time on, as '2030-01-31 12:00+00' or tomorrow");
  parser.add_flag("--never", options->never_expires, "Let in without end")
      ->excludes(parser.get_option("--at"));
  return [options] { return run_expire(*options); };
}

} // namespace provisiond::cli
