#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "postgres/connection.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace provisiond::lookup {

// Keys of a network of which the database could answer with a peer, at most `most`, in their order
// and after `after`. One that is none: of any key. One round trip.
Result<std::vector<std::optional<PublicKey>>> known_keys(postgres::Connection& connection,
                                                         const std::string& network,
                                                         const std::optional<PublicKey>& after,
                                                         std::size_t most);

} // namespace provisiond::lookup
