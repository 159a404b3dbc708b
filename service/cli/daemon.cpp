#include "cli/daemon.hpp"

#include "cli/control_client.hpp"
#include "cli/daemon_text.hpp"
#include "cli/options.hpp"
#include "control/protocol.hpp"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::cli {
namespace {

using nlohmann::json;

struct DaemonOptions {
  std::string socket = control::default_socket;
  std::optional<std::string> interface;
  std::optional<std::string> state;
  std::optional<std::string> identity;
  std::optional<std::string> mode;
  bool as_json = false;
};

std::shared_ptr<DaemonOptions> add_daemon_options(CLI::App& parser) {
  std::shared_ptr<DaemonOptions> options = std::make_shared<DaemonOptions>();
  add_socket_option(parser, options->socket);
  return options;
}

std::string request_of(const char* command, const DaemonOptions& options) {
  json request{{"request", command}};
  if (options.interface) request["interface"] = *options.interface;
  if (options.state) request["state"] = *options.state;
  if (options.identity) request["identity"] = *options.identity;
  if (options.mode) request["mode"] = *options.mode;
  return request.dump(-1, ' ', false, json::error_handler_t::replace) + '\n';
}

ExitStatus ask(const char* command, const DaemonOptions& options,
               std::string (*show)(const std::vector<std::string>& lines)) {
  return ask_and_show(options.socket, request_of(command, options), show);
}

std::string nothing(const std::vector<std::string>& /*lines*/) {
  return {};
}

} // namespace

void add_socket_option(CLI::App& parser, std::string& socket) {
  parser.add_option("--socket", socket, "The daemon's control.socket")
      ->envname("WG_PROVISIOND_SOCKET")
      ->capture_default_str();
}

ExitStatus ask_and_show(const std::string& socket, const std::string& request,
                        std::string (*show)(const std::vector<std::string>& lines)) {
  std::vector<std::string> lines;
  const Status asked =
      ask_daemon(socket, request, [&](std::string_view line) { lines.emplace_back(line); });
  if (!asked) return complain(asked.error());
  fmt::print("{}", show(lines));
  return ExitStatus::ok;
}

Action configure_daemon_peers(CLI::App& parser) {
  const std::shared_ptr<DaemonOptions> options = add_daemon_options(parser);
  add_text(parser, "--interface", options->interface, "Only those on this interface");
  add_text(parser, "--state", options->state, "Only those in this state, for example live");
  add_json(parser, options->as_json);
  return
      [options] { return ask("peers", *options, options->as_json ? array_of_lines : peers_table); };
}

Action configure_daemon_status(CLI::App& parser) {
  const std::shared_ptr<DaemonOptions> options = add_daemon_options(parser);
  add_json(parser, options->as_json);
  return [options] {
    return ask("status", *options, options->as_json ? object_of_line : status_text);
  };
}

Action configure_accept_database(CLI::App& parser) {
  const std::shared_ptr<DaemonOptions> options = add_daemon_options(parser);
  parser.add_option("IDENTITY", options->identity, "As status shows it")->required();
  return [options] { return ask("accept-database", *options, nothing); };
}

Action configure_drain(CLI::App& parser) {
  const std::shared_ptr<DaemonOptions> options = add_daemon_options(parser);
  return [options] { return ask("drain", *options, nothing); };
}

Action configure_attack_mode(CLI::App& parser) {
  const std::shared_ptr<DaemonOptions> options = add_daemon_options(parser);
  parser.add_option("MODE", options->mode, "on, off, or auto: as the daemon judges")
      ->required()
      ->check(CLI::IsMember({"on", "off", "auto"}));
  return [options] { return ask("attack-mode", *options, nothing); };
}

Action configure_resume(CLI::App& parser) {
  const std::shared_ptr<DaemonOptions> options = add_daemon_options(parser);
  return [options] { return ask("resume", *options, nothing); };
}

} // namespace provisiond::cli
