#pragma once

#include "base/result.hpp"
#include "lookup/networks.hpp"
#include "postgres/connection.hpp"

#include <optional>
#include <string>

namespace provisiond::lookup {

// What a connection is asked before it serves.

struct Schema {
  std::optional<std::string> problem; // why this build cannot work with it and what to do
  std::string identity;               // which database this is; empty when it does not say
};

// Two round trips.
Result<Schema> read_schema(postgres::Connection& connection);

// Asks which networks there are, by what is known of them, and notes it. True when one was found
// that had not been before. One round trip.
Result<bool> find_networks(postgres::Connection& connection, Networks& networks);

} // namespace provisiond::lookup
