#pragma once

#include "lookup/database_check.hpp"
#include "lookup/registry.hpp"

#include <span>
#include <string>

namespace provisiond::cli {

// What --json prints: an object, or an array of them, with a newline at the end. What the database
// does not know is null.
std::string json_of(const lookup::PeerRow& peer);
std::string json_of(std::span<const lookup::PeerRow> peers);
std::string json_of(std::span<const lookup::NetworkRow> networks);
std::string json_of(std::span<const lookup::PoolRow> pools);
std::string json_of(std::span<const lookup::GatewayRow> gateways);
std::string json_of(std::span<const lookup::PendingRow> pending);
std::string json_of(std::span<const lookup::Finding> findings);
std::string json_of(const lookup::ImportReport& report);
// `reason` is the verdict in words.
std::string json_of(const lookup::Explanation& explanation, const std::string& reason);

} // namespace provisiond::cli
