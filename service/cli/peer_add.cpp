#include "cli/peer_add.hpp"

#include "cli/client_config.hpp"
#include "cli/config_file.hpp"
#include "cli/json.hpp"
#include "cli/key_pair.hpp"
#include "cli/life_rules.hpp"
#include "cli/options.hpp"
#include "cli/peer_text.hpp"
#include "cli/qr_code.hpp"
#include "registry/registry.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>

namespace provisiond::cli {
namespace {

using registry::NewPeer;
using registry::PeerRow;

struct PeerAddOptions {
  DatabaseOptions database;
  std::string name;
  std::string network;
  std::optional<std::string> public_key;
  std::optional<std::string> allowed_ips;
  std::optional<std::string> preshared_key_file;
  bool makes_preshared_key = false;
  std::optional<int> keepalive_seconds;
  std::optional<std::string> expires_at;
  registry::PeerChange change;
  std::string gateway_key;
  registry::ClientDefaults client; // goes before what the network knows
  std::optional<std::string> config;
  bool as_qr_code = false;
  bool as_json = false;
};

// What a new client gets.
struct Handout {
  std::optional<ConfigFile> file;
  SecretText shown; // on standard output
};

GatewayWords gateway_words(const PeerAddOptions& options, const registry::ClientDefaults& network) {
  GatewayWords words;
  words.endpoint = options.client.endpoint.value_or(network.endpoint.value_or(""));
  words.key = options.gateway_key;
  if (words.key.empty() && network.gateway_keys.size() == 1)
    words.key = network.gateway_keys.front();
  words.dns = options.client.dns ? options.client.dns : network.dns;
  const std::optional<std::string>& prefixes =
      options.client.allowed_ips ? options.client.allowed_ips : network.allowed_ips;
  if (prefixes) words.allowed_ips = *prefixes;
  return words;
}

Status check_options(const PeerAddOptions& options) {
  if (options.public_key) return {};
  if (options.as_json && (!options.config || options.as_qr_code))
    return fail(Error{"--json needs --config and no --qr: the configuration is no JSON", EINVAL});
  // What the network has is not known yet.
  constexpr const char* some_key = "CQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  return check(gateway_words(
      options,
      {.endpoint = "gateway:1", .dns = {}, .allowed_ips = {}, .gateway_keys = {some_key}}));
}

Result<std::optional<Secret<32>>> preshared_key_from(const PeerAddOptions& options) {
  if (!options.makes_preshared_key && !options.preshared_key_file)
    return std::optional<Secret<32>>{};
  Result<Secret<32>> key = options.makes_preshared_key ? make_preshared_key()
                                                       : read_key_file(*options.preshared_key_file);
  if (!key) return fail(key.error());
  return std::optional<Secret<32>>{std::move(*key)};
}

Status prepare(Handout& handout, const PeerAddOptions& options, const SecretText& config) {
  if (options.as_qr_code) {
    Result<SecretText> code = draw_qr_code(config);
    if (!code) return fail(Error{code.error().message()});
    handout.shown = std::move(*code);
  } else if (!handout.file) {
    handout.shown = config;
  }
  return handout.file ? handout.file->write(config) : Status{};
}

// The peer is in the database, so a failure says so.
ExitStatus hand_out(Handout& handout, const PeerAddOptions& options, const PeerRow& peer) {
  Status done;
  if (handout.file) done = handout.file->publish();
  if (done && !handout.shown.empty()) done = write_all(STDOUT_FILENO, handout.shown);
  if (!done)
    return complain(done.error().while_doing(
        fmt::format("{} was added, but its configuration is lost: revoke it, or try again with "
                    "another name",
                    title_of(peer))));
  if (options.as_json)
    fmt::print("{}", json_of(peer));
  else
    fmt::print(handout.shown.empty() ? stdout : stderr, "added {}\n", title_of(peer));
  return ExitStatus::ok;
}

// `preshared_key` in base64, empty for none; it must outlive the result.
NewPeer new_peer(const PeerAddOptions& options, const PublicKey& key,
                 const SecretText& preshared_key) {
  return NewPeer{.network = options.network,
                 .public_key = key,
                 .name = options.name,
                 .allowed_ips = options.allowed_ips,
                 .preshared_key = preshared_key.empty() ? nullptr : preshared_key.c_str(),
                 .keepalive_seconds = options.keepalive_seconds,
                 .expires_at = options.expires_at,
                 .change = options.change};
}

SecretText secret_text(const std::optional<Secret<32>>& key) {
  return key ? base64_of(key->bytes()) : SecretText{};
}

ExitStatus add_known_key(const SecretString& dsn, const PeerAddOptions& options) {
  const Result<PublicKey> key = key_from("--public-key", *options.public_key);
  if (!key) return complain(key.error());
  const Result<std::optional<Secret<32>>> preshared_key = preshared_key_from(options);
  if (!preshared_key) return complain(preshared_key.error());
  const SecretText preshared_text = secret_text(*preshared_key);
  Handout nothing;
  const Result<PeerRow> peer =
      registry::add_peer(dsn, new_peer(options, *key, preshared_text),
                         [](const PeerRow& /*row*/, const auto& /*network*/) { return Status{}; });
  return peer ? hand_out(nothing, options, *peer) : complain(peer.error());
}

Result<SecretText> config_for(const PeerRow& row, const registry::ClientDefaults& network,
                              const PeerAddOptions& options, const ClientSecrets& secrets) {
  const GatewayWords words = gateway_words(options, network);
  if (words.endpoint.empty())
    return fail(Error{fmt::format("network {0} has no endpoint: give --endpoint, or set it with "
                                  "wg-provisionctl network set {0} --endpoint HOST:PORT",
                                  row.network),
                      EINVAL});
  if (words.key.empty())
    return fail(Error{
        network.gateway_keys.empty()
            ? fmt::format("no gateway of network {} has reported lately, so its key is not known: "
                          "give --gateway-key",
                          row.network)
            : fmt::format("the gateways of network {} have {} keys: give --gateway-key",
                          row.network, network.gateway_keys.size()),
        EINVAL});
  const Status checked = check(words);
  if (!checked) return fail(checked.error());
  const ClientPlace place{.allowed_ips = row.allowed_ips,
                          .keepalive_seconds = row.keepalive_seconds};
  return client_config(secrets, place, words);
}

ExitStatus add_new_client(const SecretString& dsn, const PeerAddOptions& options) {
  Result<KeyPair> keys = make_key_pair();
  if (!keys) return complain(keys.error());
  Result<std::optional<Secret<32>>> preshared_key = preshared_key_from(options);
  if (!preshared_key) return complain(preshared_key.error());
  const ClientSecrets secrets{.private_key = std::move(keys->private_key),
                              .preshared_key = std::move(*preshared_key)};
  Handout handout;
  if (options.config) {
    Result<ConfigFile> file = ConfigFile::create(*options.config);
    if (!file) return complain(file.error());
    handout.file.emplace(std::move(*file));
  }
  const SecretText preshared_text = secret_text(secrets.preshared_key);
  const Result<PeerRow> peer = registry::add_peer(
      dsn, new_peer(options, keys->public_key, preshared_text),
      [&](const PeerRow& row, const registry::ClientDefaults& network) -> Status {
        const Result<SecretText> config = config_for(row, network, options, secrets);
        if (!config) return fail(config.error());
        return prepare(handout, options, *config);
      });
  return peer ? hand_out(handout, options, *peer) : complain(peer.error());
}

ExitStatus run_peer_add(const PeerAddOptions& options) {
  // A reader that is gone is an error of the write, which can be told.
  std::signal(SIGPIPE, SIG_IGN);
  // No core dump and no debugger of the same user: private keys pass through.
  ::prctl(PR_SET_DUMPABLE, 0);
  const Status checked = check_options(options);
  if (!checked) return complain(checked.error());
  const Result<SecretString> dsn = dsn_from(options.database);
  if (!dsn) return complain(dsn.error(), ExitStatus::usage);
  return options.public_key ? add_known_key(*dsn, options) : add_new_client(*dsn, options);
}

void add_peer_options(CLI::App& parser, PeerAddOptions& options) {
  parser.add_option("NAME", options.name, "For people; unique in its network")->required();
  parser.add_option("--network", options.network, "The network it may enter")->required();
  add_text(parser, "--public-key", options.public_key,
           "Key of a device that has made its own; default: a new pair is made");
  add_text(parser, "--allowed-ips", options.allowed_ips,
           "As 10.0.0.2/32,fd00::2/128; default: from the network's pools");
  add_text(parser, "--preshared-key-file", options.preshared_key_file,
           "File that holds a preshared key");
  parser.add_flag("--preshared", options.makes_preshared_key, "Make a preshared key");
  add_number(
      parser, "--keepalive", options.keepalive_seconds,
      "Seconds between keepalives, of the gateway and of the client; default: the network's");
  add_text(parser, "--expires-at", options.expires_at,
           "Refused from this time on, as '2030-01-31 12:00+00' or tomorrow");
  add_peer_life_options(parser, options.change);
  parser.get_option("--preshared")->excludes(parser.get_option("--preshared-key-file"));
}

void add_client_options(CLI::App& parser, PeerAddOptions& options) {
  add_text(parser, "--config", options.config,
           "New file for the client's configuration; default: standard output");
  parser.add_flag("--qr", options.as_qr_code, "Show the client's configuration as a QR code");
  add_text(parser, "--endpoint", options.client.endpoint,
           "HOST:PORT of the gateway; default: the network's");
  parser.add_option("--gateway-key", options.gateway_key,
                    "Public key of the gateway; default: what the network's gateways report");
  add_text(parser, "--client-allowed-ips", options.client.allowed_ips,
           "What the client sends through the tunnel; default: the network's, or everything");
  add_text(parser, "--dns", options.client.dns,
           "Name servers and domains for the client; default: the network's");
  for (const char* name : {"--config", "--qr", "--endpoint", "--gateway-key",
                           "--client-allowed-ips", "--dns", "--preshared"})
    parser.get_option("--public-key")->excludes(parser.get_option(name));
}

} // namespace

Action configure_peer_add(CLI::App& parser) {
  const std::shared_ptr<PeerAddOptions> options = std::make_shared<PeerAddOptions>();
  add_peer_options(parser, *options);
  add_client_options(parser, *options);
  add_json(parser, options->as_json);
  add_database_options(parser, options->database);
  return [options] { return run_peer_add(*options); };
}

} // namespace provisiond::cli
