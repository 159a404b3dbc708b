#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "postgres/connection.hpp"

#include <optional>
#include <string>
#include <vector>

namespace provisiond::lookup {

// What the database says of changes, by the names of networks; without a key: any key of it.
struct ChangeSet {
  struct Item {
    std::string network;
    std::optional<PublicKey> key;
  };
  std::string position;
  std::string server;   // when the one that answers was started: behind a pooler it may be another
  std::string identity; // of the database; empty when it does not say
  std::vector<Item> items;
};

// Asks for notifications of changes. Why this connection cannot have them, or nullopt.
Result<std::optional<std::string>> listen(postgres::Connection& connection);

// What changed after `position`, the one in the last answer; an empty one asks for a position only.
// Positions are of one server. One round trip.
Result<ChangeSet> changes_after(postgres::Connection& connection, const std::string& position);

} // namespace provisiond::lookup
