#include "cli/daemon_text.hpp"

#include "cli/table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>

namespace provisiond::cli {
namespace {

using nlohmann::ordered_json;

ordered_json parsed(const std::string& line) {
  return ordered_json::parse(line, nullptr, false);
}

// The value of a key as a cell; "-" where the daemon knows none.
std::string cell(const ordered_json& object, const char* key) {
  if (!object.is_object() || !object.contains(key)) return "";
  const ordered_json& value = object.at(key);
  if (value.is_null()) return "-";
  if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
  if (value.is_string()) return value.get<std::string>();
  return value.dump();
}

std::string duration_text(std::int64_t seconds) {
  const std::chrono::hh_mm_ss clock{std::chrono::seconds{seconds % 86'400}};
  return fmt::format("{}d {:02}:{:02}:{:02}", seconds / 86'400, clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

// Turns take milliseconds. "-" where the daemon does not say.
std::string turn_text(const ordered_json& status) {
  if (!status.contains("longest_turn_seconds")) return "-";
  const ordered_json& seconds = status.at("longest_turn_seconds");
  return seconds.is_number() ? fmt::format("{:.1f} ms", seconds.get<double>() * 1000) : "-";
}

std::vector<std::string> peer_cells(const ordered_json& peer) {
  return {cell(peer, "interface"),      cell(peer, "public_key"), cell(peer, "state"),
          cell(peer, "ours"),           cell(peer, "endpoint"),   cell(peer, "last_handshake"),
          cell(peer, "received_bytes"), cell(peer, "sent_bytes")};
}

std::vector<std::string> interface_cells(const ordered_json& interface) {
  return {cell(interface, "name"),    cell(interface, "network"),      cell(interface, "present"),
          cell(interface, "source"),  cell(interface, "peers"),        cell(interface, "greeted"),
          cell(interface, "dry_run"), cell(interface, "network_found")};
}

// With what the operator wants, if that is anything.
std::string attack_text(const ordered_json& status) {
  const std::string order = cell(status, "attack_mode_order");
  const bool is_ordered = order == "on" || order == "off";
  return printable(cell(status, "attack_mode")) + (is_ordered ? ", ordered " + order : "");
}

// A line where others are alive under the gateway's name.
std::string same_name_text(const ordered_json& status) {
  if (!status.contains("same_name") || !status.at("same_name").is_array()) return "";
  std::vector<std::string> hosts;
  for (const ordered_json& host : status.at("same_name"))
    if (host.is_string()) hosts.push_back(printable(host.get<std::string>()));
  if (hosts.empty()) return "";
  return fmt::format("also called so     {}{}; set gateway: in its settings\n",
                     fmt::join(hosts, ", "),
                     cell(status, "name_refused") == "yes" ? ", which had the name first" : "");
}

// A line where there is one.
std::string problem_text(const ordered_json& status) {
  if (!status.contains("database_problem") || !status.at("database_problem").is_string()) return "";
  return fmt::format("database problem   {}\n", printable(cell(status, "database_problem")));
}

// A number of seconds as people say it; "-" where the daemon says none.
std::string seconds_text(const ordered_json& object, const char* key) {
  if (!object.is_object() || !object.contains(key) || !object.at(key).is_number()) return "-";
  const double seconds = object.at(key).get<double>();
  if (seconds < 600) return fmt::format("{:.1f} s", seconds);
  if (seconds < 172'800) return fmt::format("{:.0f} min", seconds / 60);
  return fmt::format("{:.0f} days", seconds / 86'400);
}

std::string left_text(const ordered_json& budget) {
  if (!budget.contains("left")) return "-";
  return fmt::format("{} of {}", cell(budget, "left"), cell(budget, "burst"));
}

std::vector<std::string> gate_cells(const ordered_json& gate) {
  const bool has_reason = gate.contains("because");
  return {cell(gate, "gate"),
          cell(gate, "says"),
          has_reason ? cell(gate, "because") : "-",
          seconds_text(gate, "seconds_left"),
          left_text(gate),
          seconds_text(gate, "full_in_seconds")};
}

std::string word_text(const char* title, const ordered_json& explanation, const char* key) {
  if (!explanation.contains(key) || !explanation.at(key).is_object()) return "";
  const ordered_json& word = explanation.at(key);
  std::string text = fmt::format("{}{}", title, cell(word, "event"));
  if (cell(word, "reason") != "-") text += " as " + cell(word, "reason");
  text += fmt::format(", {} ago", seconds_text(word, "seconds_ago"));
  if (cell(word, "source") != "-") text += ", from " + cell(word, "source");
  return printable(text) + '\n';
}

std::string peer_text(const ordered_json& explanation) {
  if (!explanation.contains("peer") || !explanation.at("peer").is_object())
    return "on the device        no\n";
  const ordered_json& peer = explanation.at("peer");
  std::string text =
      fmt::format("on the device        {}, endpoint {}, last handshake {}", cell(peer, "state"),
                  cell(peer, "endpoint"), cell(peer, "last_handshake"));
  if (cell(peer, "ours") != "yes") text += ", not ours";
  if (cell(peer, "on_trial") == "yes") text += ", on trial";
  if (cell(peer, "leaves_as") != "-") text += ", leaves as " + cell(peer, "leaves_as");
  if (cell(peer, "next") != "-")
    text += fmt::format(", {} in {}", cell(peer, "next"), seconds_text(peer, "next_in_seconds"));
  if (cell(peer, "expires_at") != "-") text += ", expires at " + cell(peer, "expires_at");
  if (cell(peer, "without_row_for_seconds") != "-")
    text += ", without a row for " + seconds_text(peer, "without_row_for_seconds");
  return printable(text) + '\n';
}

// One sentence on what a handshake now would come to.
std::string verdict_text(const ordered_json& explanation) {
  const bool is_dry_run = cell(explanation, "dry_run") == "yes";
  const std::string interface = cell(explanation, "interface") + (is_dry_run ? " (dry run)" : "");
  const std::string verdict = cell(explanation, "verdict");
  if (verdict == "passes")
    return fmt::format("{}: a handshake now is looked up in the database", interface);
  if (verdict == "already_installed")
    return fmt::format("{}: the peer is on the device, which answers by itself", interface);
  return fmt::format("{}: a handshake now is refused as {}", interface, verdict);
}

std::string key_text(const std::string& line) {
  const ordered_json explanation = parsed(line);
  if (!explanation.is_object()) return "\n";
  std::vector<std::vector<std::string>> rows;
  if (explanation.contains("gates") && explanation.at("gates").is_array()) {
    for (const ordered_json& gate : explanation.at("gates"))
      rows.push_back(gate_cells(gate));
  }
  std::string text = printable(verdict_text(explanation)) + '\n' + peer_text(explanation);
  text += word_text("said last            ", explanation, "last");
  text += word_text("said to a claim      ", explanation, "last_claimed");
  if (cell(explanation, "looked_up_now") == "yes") text += "look-up              under way\n";
  if (cell(explanation, "waits_for_database") == "yes")
    text += "look-up              as soon as the database is back\n";
  if (!cell(explanation, "newest_initiation").empty() &&
      cell(explanation, "newest_initiation") != "-")
    text += fmt::format("newest initiation    {}, by the device's clock\n",
                        printable(cell(explanation, "newest_initiation")));
  return text + '\n' + draw_table({"GATE", "SAYS", "BECAUSE", "FOR", "LEFT", "FULL IN"}, rows);
}

} // namespace

std::string live_key_text(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += (text.empty() ? "" : "\n") + key_text(line);
  return text.empty() ? "\n" : text;
}

std::string live_source_text(const std::vector<std::string>& lines) {
  const ordered_json explanation = lines.empty() ? ordered_json::object() : parsed(lines.front());
  if (!explanation.is_object()) return "\n";
  std::vector<std::vector<std::string>> rows;
  if (explanation.contains("budgets") && explanation.at("budgets").is_array()) {
    for (const ordered_json& budget : explanation.at("budgets"))
      rows.push_back({cell(budget, "of"), cell(budget, "scope"), left_text(budget),
                      cell(budget, "per_second"), seconds_text(budget, "full_in_seconds")});
  }
  return fmt::format(
      "address            {}\ncounts as          {}{}\n"
      "without a cookie   {}\nwith a cookie      {}\n"
      "asked for a cookie {}\nunder load         {}\nattack mode        {}\n\n{}",
      printable(cell(explanation, "address")), printable(cell(explanation, "counts_as")),
      cell(explanation, "shared") == "yes" ? ", in admission.shared-prefixes" : "",
      printable(cell(explanation, "without_cookie")), printable(cell(explanation, "with_cookie")),
      printable(cell(explanation, "cookie_demanded")), printable(cell(explanation, "load")),
      printable(cell(explanation, "attack_mode")),
      draw_table({"BUDGET", "OF", "LEFT", "PER SECOND", "FULL IN"}, rows));
}

std::string peers_table(const std::vector<std::string>& lines) {
  std::vector<std::vector<std::string>> rows;
  rows.reserve(lines.size());
  for (const std::string& line : lines)
    rows.push_back(peer_cells(parsed(line)));
  return draw_table({"INTERFACE", "PUBLIC KEY", "STATE", "OURS", "ENDPOINT", "LAST HANDSHAKE",
                     "RECEIVED", "SENT"},
                    rows);
}

std::string status_text(const std::vector<std::string>& lines) {
  const ordered_json status = lines.empty() ? ordered_json::object() : parsed(lines.front());
  if (!status.is_object()) return "\n";
  std::vector<std::vector<std::string>> rows;
  if (status.contains("interfaces") && status.at("interfaces").is_array()) {
    for (const ordered_json& interface : status.at("interfaces"))
      rows.push_back(interface_cells(interface));
  }
  std::int64_t uptime = 0;
  if (status.contains("uptime_seconds") && status.at("uptime_seconds").is_number_integer())
    uptime = status.at("uptime_seconds").get<std::int64_t>();
  return fmt::format("version            {}\nuptime             {}\ndraining           {}\n"
                     "attack mode        {}\n"
                     "longest turn       {}\n"
                     "database sessions  {}\n{}database           {}{}\npeers without row  {}\n"
                     "gateway            {}\n{}\n{}",
                     printable(cell(status, "version")), duration_text(uptime),
                     printable(cell(status, "draining")), attack_text(status), turn_text(status),
                     printable(cell(status, "database_sessions")), problem_text(status),
                     printable(cell(status, "database_identity")),
                     cell(status, "another_database") == "yes" ? ", another one than before" : "",
                     printable(cell(status, "peers_without_row")),
                     printable(cell(status, "gateway")), same_name_text(status),
                     draw_table({"INTERFACE", "NETWORK", "PRESENT", "SOURCE", "PEERS", "GREETED",
                                 "DRY RUN", "NETWORK FOUND"},
                                rows));
}

std::string array_of_lines(const std::vector<std::string>& lines) {
  return lines.empty() ? "[]\n" : fmt::format("[\n  {}\n]\n", fmt::join(lines, ",\n  "));
}

std::string object_of_line(const std::vector<std::string>& lines) {
  const ordered_json object = lines.empty() ? ordered_json::object() : parsed(lines.front());
  return object.is_object() ? object.dump(2) + '\n' : "{}\n";
}

} // namespace provisiond::cli
