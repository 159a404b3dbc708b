#pragma once

#include "registry/database_check.hpp"
#include "registry/onboarding_logins.hpp"
#include "registry/registry.hpp"

#include <span>
#include <string>

namespace provisiond::cli {

// What --json prints: an object, or an array of them, with a newline at the end. What the database
// does not know is null.
std::string json_of(const registry::PeerRow& peer);
std::string json_of(std::span<const registry::PeerRow> peers);
std::string json_of(std::span<const registry::NetworkRow> networks);
std::string json_of(std::span<const registry::PoolRow> pools);
std::string json_of(std::span<const registry::GatewayRow> gateways);
std::string json_of(std::span<const registry::OnboardingRow> logins);
std::string json_of(std::span<const registry::PendingRow> pending);
std::string json_of(std::span<const registry::Finding> findings);
std::string json_of(const registry::ImportReport& report);
// `reason` is the verdict in words.
std::string json_of(const registry::Explanation& explanation, const std::string& reason);

} // namespace provisiond::cli
