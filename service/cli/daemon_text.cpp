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
  return {cell(interface, "name"),         cell(interface, "network"), cell(interface, "present"),
          cell(interface, "source"),       cell(interface, "peers"),   cell(interface, "greeted"),
          cell(interface, "network_found")};
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

} // namespace

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
  return fmt::format(
      "version            {}\nuptime             {}\ndraining           {}\n"
      "longest turn       {}\n"
      "database sessions  {}\n{}database           {}{}\npeers without row  {}\n"
      "gateway            {}\n{}\n{}",
      printable(cell(status, "version")), duration_text(uptime),
      printable(cell(status, "draining")), turn_text(status),
      printable(cell(status, "database_sessions")), problem_text(status),
      printable(cell(status, "database_identity")),
      cell(status, "another_database") == "yes" ? ", another one than before" : "",
      printable(cell(status, "peers_without_row")), printable(cell(status, "gateway")),
      same_name_text(status),
      draw_table({"INTERFACE", "NETWORK", "PRESENT", "SOURCE", "PEERS", "GREETED", "NETWORK FOUND"},
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
