#pragma once

#include "handoff/peer_record.hpp"

#include <span>
#include <string>

namespace provisiond::lookup {

// PostgreSQL array literals for the parameters of find_peers; pure. `networks` is indexed by
// InterfaceId, an interface beyond it becomes the empty name, which no network has.
std::string network_array(std::span<const LookupRequest> requests,
                          std::span<const std::string> networks);
std::string key_array(std::span<const LookupRequest> requests);

} // namespace provisiond::lookup
