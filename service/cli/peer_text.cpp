#include "cli/peer_text.hpp"

#include "cli/table.hpp"

#include <fmt/format.h>

#include <vector>

namespace provisiond::cli {
namespace {

std::string in_one_cell(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::string state_of(const registry::PeerRow& peer) {
  return peer.state == "not_yet_valid" ? "not yet valid" : peer.state;
}

std::string answer_of(const std::optional<bool>& rule) {
  if (!rule) return "as the network";
  return *rule ? "yes" : "no";
}

} // namespace

std::string table_of(std::span<const registry::PeerRow> peers) {
  std::vector<std::vector<std::string>> rows;
  for (const registry::PeerRow& peer : peers)
    rows.push_back({fmt::format("{}", peer.id), peer.network, peer.name.value_or("-"),
                    peer.public_key, state_of(peer), peer.expires_at.value_or("never"),
                    in_one_cell(peer.allowed_ips)});
  return draw_table({"ID", "NETWORK", "NAME", "PUBLIC KEY", "STATE", "EXPIRES", "ALLOWED IPS"},
                    rows);
}

std::string description_of(const registry::PeerRow& peer) {
  const std::vector<std::vector<std::string>> rows{
      {"network", peer.network},
      {"name", peer.name.value_or("-")},
      {"public key", peer.public_key},
      {"allowed IPs", in_one_cell(peer.allowed_ips)},
      {"preshared key", peer.has_preshared_key ? "yes" : "no"},
      {"keepalive", peer.keepalive_seconds > 0 ? fmt::format("{} s", peer.keepalive_seconds) : "-"},
      {"state", state_of(peer)},
      {"not before", peer.not_before.value_or("-")},
      {"expires", peer.expires_at.value_or("never")},
      {"allowed sources",
       peer.allowed_sources.empty() ? "as the network" : in_one_cell(peer.allowed_sources)},
      {"roams", answer_of(peer.may_roam)},
      {"several gateways", answer_of(peer.may_be_on_several_gateways)},
      {"evicted last", peer.is_evicted_last ? "yes" : "no"},
      {"labels", peer.labels},
      {"comment", peer.comment.value_or("-")},
      {"created", peer.created_at},
      {"changed", peer.updated_at}};
  return draw_table({"peer", fmt::format("{}", peer.id)}, rows);
}

std::string title_of(const registry::PeerRow& peer) {
  return printable(fmt::format("peer {}{} of network {}", peer.id,
                               peer.name ? fmt::format(" ({})", *peer.name) : "", peer.network));
}

std::string place_of(const registry::PeerRow& peer) {
  const std::string addresses =
      peer.allowed_ips.empty() ? "no allowed IPs" : in_one_cell(peer.allowed_ips);
  return fmt::format("{}: {}", title_of(peer), addresses);
}

} // namespace provisiond::cli
