#include "cli/json.hpp"

#include "cli/json_shape.hpp"

#include <nlohmann/json.hpp>

namespace provisiond::cli {
namespace {

using nlohmann::ordered_json;

template <class Value>
ordered_json value_of(const std::optional<Value>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}

// The schema promises an object; whatever else a server sends is shown as the text that it is.
ordered_json labels_of(const registry::PeerRow& peer) {
  constexpr int most_levels = 64;
  if (!is_json(peer.labels, most_levels)) return peer.labels;
  return ordered_json::parse(peer.labels);
}

ordered_json value_of(const registry::PeerRow& peer) {
  return ordered_json{{"id", peer.id},
                      {"name", value_of(peer.name)},
                      {"network", peer.network},
                      {"public_key", peer.public_key},
                      {"allowed_ips", peer.allowed_ips},
                      {"preshared_key", peer.has_preshared_key},
                      {"keepalive_seconds", peer.keepalive_seconds},
                      {"enabled", peer.is_enabled},
                      {"state", peer.state},
                      {"not_before", value_of(peer.not_before)},
                      {"expires_at", value_of(peer.expires_at)},
                      {"labels", labels_of(peer)},
                      {"comment", value_of(peer.comment)},
                      {"allowed_sources", peer.allowed_sources},
                      {"roaming", value_of(peer.may_roam)},
                      {"several_gateways", value_of(peer.may_be_on_several_gateways)},
                      {"evict_last", peer.is_evicted_last},
                      {"created_at", peer.created_at},
                      {"updated_at", peer.updated_at}};
}

ordered_json value_of(const registry::NetworkRow& network) {
  return ordered_json{{"id", network.id},
                      {"name", network.name},
                      {"comment", value_of(network.comment)},
                      {"ranges", network.ranges},
                      {"endpoint", value_of(network.endpoint)},
                      {"client_dns", network.client_dns},
                      {"client_allowed_ips", network.client_allowed_ips},
                      {"keepalive_seconds", network.keepalive_seconds},
                      {"idle_timeout_seconds", value_of(network.idle_timeout_seconds)},
                      {"allowed_sources", network.allowed_sources},
                      {"roaming", network.may_roam},
                      {"several_gateways", network.may_be_on_several_gateways},
                      {"peers", network.peers},
                      {"created_at", network.created_at}};
}

ordered_json value_of(const registry::GatewayRow& gateway) {
  return ordered_json{{"gateway", gateway.name},
                      {"interface", value_of(gateway.interface)},
                      {"network", value_of(gateway.network)},
                      {"alive", gateway.is_alive},
                      {"last_seen", gateway.last_seen},
                      {"same_name", gateway.same_name},
                      {"logins", value_of(gateway.logins)}};
}

ordered_json value_of(const registry::OnboardingRow& row) {
  return ordered_json{
      {"login", row.login}, {"network", value_of(row.network)}, {"deleted", row.is_gone}};
}

ordered_json value_of(const registry::PoolRow& pool) {
  return ordered_json{{"id", pool.id},
                      {"network", pool.network},
                      {"prefix", pool.prefix},
                      {"method", pool.method},
                      {"first_address", value_of(pool.first_address)},
                      {"last_address", value_of(pool.last_address)},
                      {"hold_time", pool.hold_time},
                      {"held", pool.held}};
}

ordered_json value_of(const registry::PendingRow& pending) {
  return ordered_json{{"network", pending.network},     {"public_key", pending.public_key},
                      {"address", pending.address},     {"port", pending.port},
                      {"gateway", pending.gateway},     {"first_seen", pending.first_seen},
                      {"last_seen", pending.last_seen}, {"times_seen", pending.times_seen}};
}

ordered_json value_of(const registry::RefusedRow& refused) {
  return ordered_json{{"line", refused.row},
                      {"reason", refused.reason},
                      {"network", value_of(refused.network)},
                      {"public_key", value_of(refused.public_key)},
                      {"name", value_of(refused.name)}};
}

ordered_json value_of(const registry::Revocation& revocation) {
  return ordered_json{{"revoked_at", value_of(revocation.revoked_at)},
                      {"reason", value_of(revocation.reason)}};
}

ordered_json value_of(const registry::RefusalRow& refusal) {
  return ordered_json{{"reason", refusal.reason},
                      {"gateway", refusal.gateway},
                      {"address", refusal.address},
                      {"port", refusal.port},
                      {"at", refusal.at}};
}

std::string json_text(const ordered_json& value) {
  return value.dump(2, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

ordered_json value_of(const registry::Finding& finding) {
  return ordered_json{
      {"check", finding.check}, {"finding", finding.text}, {"remedy", finding.remedy}};
}

template <class Row>
std::string array_of(std::span<const Row> rows) {
  ordered_json array = ordered_json::array();
  for (const Row& row : rows)
    array.push_back(value_of(row));
  return json_text(array);
}

} // namespace

std::string json_of(const registry::PeerRow& peer) {
  return json_text(value_of(peer));
}

std::string json_of(std::span<const registry::PeerRow> peers) {
  return array_of(peers);
}

std::string json_of(std::span<const registry::NetworkRow> networks) {
  return array_of(networks);
}

std::string json_of(std::span<const registry::OnboardingRow> logins) {
  return array_of(logins);
}

std::string json_of(std::span<const registry::GatewayRow> gateways) {
  return array_of(gateways);
}

std::string json_of(std::span<const registry::PoolRow> pools) {
  return array_of(pools);
}

std::string json_of(std::span<const registry::PendingRow> pending) {
  return array_of(pending);
}

std::string json_of(std::span<const registry::Finding> findings) {
  return array_of(findings);
}

std::string json_of(const registry::ImportReport& report) {
  ordered_json refused = ordered_json::array();
  for (const registry::RefusedRow& row : report.refused)
    refused.push_back(value_of(row));
  return json_text(ordered_json{{"added", report.added}, {"refused", refused}});
}

std::string json_of(const registry::Explanation& explanation, const std::string& reason) {
  const std::optional<std::string> none;
  ordered_json value{
      {"network", value_of(explanation.network.empty() ? none : explanation.network)},
      {"verdict", explanation.verdict},
      {"reason", reason},
      {"peer", nullptr},
      {"revocation", nullptr},
      {"session", nullptr},
      {"refusal", nullptr}};
  if (explanation.peer) value["peer"] = value_of(*explanation.peer);
  if (explanation.revocation) value["revocation"] = value_of(*explanation.revocation);
  if (explanation.session)
    value["session"] = {{"gateway", explanation.session->gateway},
                        {"interface", explanation.session->interface},
                        {"since", explanation.session->since}};
  if (explanation.refusal) value["refusal"] = value_of(*explanation.refusal);
  return json_text(value);
}

} // namespace provisiond::cli
