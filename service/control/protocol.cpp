#include "control/protocol.hpp"

#include "control/times.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

namespace provisiond::control {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// In the order of the enumerators.
constexpr std::array<std::string_view, 7> commands{
    "status", "peers", "drain", "resume", "accept-database", "explain", "attack-mode"};

// Deep nesting is the one thing that a bounded text can cost a parser.
constexpr int deepest = 2;

std::string text_of(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

Error wrong(const std::string& what) {
  return Error{what, EINVAL};
}

std::optional<json> parse_object(std::string_view line) {
  const json::parser_callback_t bounded = [](int depth, json::parse_event_t event, json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    return !opens || depth < deepest;
  };
  json value = json::parse(line.begin(), line.end(), bounded, false);
  if (!value.is_object()) return std::nullopt;
  return value;
}

Status read_text(const json& value, const std::string& key, std::string& into) {
  if (!value.is_string()) return fail(wrong(fmt::format("\"{}\" is not a text", key)));
  into = value.get<std::string>();
  return {};
}

Status read_subject(const json& value, const std::string& key, Request& request) {
  std::string text;
  const Status read = read_text(value, key, text);
  if (!read) return read;
  if (key == "key") {
    request.key = PublicKey::parse(text);
    if (!request.key || *request.key == PublicKey{})
      return fail(wrong("\"key\" is not a WireGuard key: 44 characters of base64"));
    return {};
  }
  request.source = IpAddress::parse(text);
  if (!request.source)
    return fail(wrong("\"source\" is not an IP address; leave port and prefix length out"));
  return {};
}

Status read_mode(const json& value, Request& request) {
  std::string text;
  const Status read = read_text(value, "mode", text);
  if (!read) return read;
  const std::array<std::string_view, attack_order_names.size()>::const_iterator found =
      std::ranges::find(attack_order_names, text);
  if (found == attack_order_names.end())
    return fail(wrong(fmt::format("the mode is none of: {}", fmt::join(attack_order_names, ", "))));
  request.mode = static_cast<AttackOrder>(found - attack_order_names.begin());
  return {};
}

Status read_entry(const std::string& key, const json& value, std::string& command,
                  Request& request) {
  if (key == "request") return read_text(value, key, command);
  if (key == "interface") return read_text(value, key, request.interface);
  if (key == "state") return read_text(value, key, request.state);
  if (key == "identity") return read_text(value, key, request.identity);
  if (key == "key" || key == "source") return read_subject(value, key, request);
  if (key == "mode") return read_mode(value, request);
  return fail(wrong("the request has a key that is not known; known are request, interface, state, "
                    "identity, key, source, mode"));
}

// Which of the other entries a command takes, and needs.
Status check_entries(const Request& request) {
  const bool is_explain = request.command == Command::explain;
  const bool is_peers = request.command == Command::peers;
  const bool has_filter = !request.interface.empty() || !request.state.empty();
  const bool may_have_interface = is_peers || (is_explain && request.key);
  if (has_filter && !is_peers && !(may_have_interface && request.state.empty()))
    return fail(wrong("only peers takes an interface or a state, and explain with a key an "
                      "interface"));
  if (request.identity.empty() == (request.command == Command::accept_database))
    return fail(wrong("accept-database takes an identity, and nothing else does"));
  const bool has_one = request.key.has_value() != request.source.has_value();
  if (is_explain ? !has_one : (request.key || request.source))
    return fail(wrong("explain takes a key or a source, and nothing else does"));
  if (request.mode.has_value() != (request.command == Command::attack_mode))
    return fail(wrong("attack-mode takes a mode, and nothing else does"));
  if (!request.state.empty() &&
      std::ranges::find(peer_stage_names, request.state) == peer_stage_names.end())
    return fail(wrong(fmt::format("the state is none of: {}", fmt::join(peer_stage_names, ", "))));
  return {};
}

ordered_json value_of(const InterfaceOverview& interface) {
  return ordered_json{
      {"name", interface.name},
      {"network", interface.network},
      {"present", interface.is_present},
      {"source", interface.source.empty() ? ordered_json(nullptr) : ordered_json(interface.source)},
      {"peers", interface.peers},
      {"greeted", interface.greeted},
      {"network_found", interface.is_network_found ? ordered_json(*interface.is_network_found)
                                                   : ordered_json(nullptr)},
      {"dry_run", interface.is_dry_run}};
}

} // namespace

Result<Request> parse_request(std::string_view line) {
  const std::optional<json> value = parse_object(line);
  if (!value) return fail(wrong("the request is not a JSON object on one line"));
  Request request;
  std::string command;
  for (const auto& [key, entry] : value->items()) {
    const Status read = read_entry(key, entry, command, request);
    if (!read) return fail(read.error());
  }
  const std::array<std::string_view, commands.size()>::const_iterator known =
      std::ranges::find(commands, command);
  if (known == commands.end())
    return fail(wrong(fmt::format("the request is none of: {}", fmt::join(commands, ", "))));
  request.command = static_cast<Command>(known - commands.begin());
  const Status fits = check_entries(request);
  if (!fits) return fail(fits.error());
  return request;
}

std::string error_line(std::string_view code, std::string_view text) {
  return text_of({{"error", text}, {"code", code}});
}

std::string done_line() {
  return text_of({{"done", true}});
}

std::string line_of(const Overview& overview) {
  ordered_json interfaces = ordered_json::array();
  const DatabaseOverview& database = overview.database;
  for (const InterfaceOverview& interface : overview.interfaces)
    interfaces.push_back(value_of(interface));
  return text_of(ordered_json{
      {"version", overview.version},
      {"uptime_seconds", overview.uptime.count()},
      {"draining", overview.is_draining},
      {"longest_turn_seconds", fractional_seconds(overview.longest_turn)},
      {"database_sessions", database.sessions},
      {"database_identity",
       database.identity.empty() ? ordered_json(nullptr) : ordered_json(database.identity)},
      {"another_database", database.is_another},
      {"peers_without_row", database.missing_rows},
      {"interfaces", interfaces},
      {"gateway", database.gateway},
      {"same_name", database.same_name},
      {"name_refused", database.is_refused},
      {"database_problem",
       database.problem.empty() ? ordered_json(nullptr) : ordered_json(database.problem)},
      {"attack_mode", overview.is_attack_mode},
      {"attack_mode_order", to_string(overview.attack_order)}});
}

std::string line_of(const DrainAnswer& answer) {
  return text_of({{"draining", answer.is_draining}});
}

std::string line_of(const AttackAnswer& answer) {
  return text_of({{"attack_mode", answer.is_on}});
}

std::string line_of(const PeerView& peer, std::string_view interface, TimePoint now) {
  const ordered_json endpoint =
      peer.endpoint ? ordered_json(peer.endpoint->to_string()) : ordered_json(nullptr);
  const std::optional<std::string> handshake = utc_text(peer.last_handshake);
  const ordered_json installed = peer.installed_at
                                     ? ordered_json(whole_seconds(now - *peer.installed_at))
                                     : ordered_json(nullptr);
  return text_of(
      ordered_json{{"interface", interface},
                   {"public_key", peer.key.to_string()},
                   {"state", to_string(peer.stage)},
                   {"ours", peer.is_ours},
                   {"endpoint", endpoint},
                   {"last_handshake", handshake ? ordered_json(*handshake) : ordered_json(nullptr)},
                   {"received_bytes", peer.received_bytes},
                   {"sent_bytes", peer.sent_bytes},
                   {"installed_seconds_ago", installed}});
}

} // namespace provisiond::control
