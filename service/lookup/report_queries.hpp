#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "handoff/report.hpp"
#include "lookup/presence.hpp"
#include "postgres/connection.hpp"

#include <span>
#include <string>
#include <vector>

namespace provisiond::lookup {

// What a gateway writes. `networks` is what Networks::references gives, indexed by InterfaceId; an
// interface beyond it counts as one of a network that is not there. A round trip each.

// Keys that were refused.
Status record(postgres::Connection& connection, std::span<const RefusedKey> keys,
              std::span<const std::string> networks, const std::string& gateway);

// An interface and its active peers.
Status record(postgres::Connection& connection, const InterfaceReport& report,
              std::span<const std::string> networks, const Gateway& gateway);

// Which peers have a session here now. The keys whose peer is being changed or deleted just now:
// these are to be written again. One round trip per interface.
Result<std::vector<PublicKey>> own_sessions(postgres::Connection& connection,
                                            std::span<const SessionOwnership> ownerships,
                                            std::span<const std::string> networks,
                                            const Gateway& gateway);

// That this run of the gateway is alive, or ends. Who else has its name.
Result<Presence> report(postgres::Connection& connection, const Gateway& gateway, Stay stay);

} // namespace provisiond::lookup
