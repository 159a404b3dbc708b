#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "handoff/peer_record.hpp"
#include "lookup/record.hpp"
#include "postgres/connection.hpp"

#include <span>
#include <string>
#include <vector>

namespace provisiond::lookup {

// What the database is asked about peers. `networks` is what Networks::references gives, indexed by
// InterfaceId; an interface beyond it counts as a network that no peer is in. Preshared keys leave
// these functions only inside PeerRecord.

// Prepares the look-up and runs it without keys, so that the server has its plan before the first
// device knocks. Once per connection, when the schema fits.
Status prepare_look_up(postgres::Connection& connection);

// One verdict per request, in the same order; notes what the server is. One round trip.
Result<std::vector<Verdict>> find_peers(postgres::Connection& connection,
                                        std::span<const LookupRequest> requests,
                                        std::span<const std::string> networks);

// Which of the keys were peers of this database and were removed, whatever became of their
// tombstones. One round trip.
Result<std::vector<PublicKey>> removed_peers(postgres::Connection& connection,
                                             std::span<const PublicKey> keys);

// Makes a peer of a device that has passed its trial, and says what `find_peers` would say of it
// then. `not_writable` where nothing can be written. EPERM: the server refused for another reason;
// the connection is as good as before in either case. Several queries of the server's in one round
// trip.
Result<Verdict> enrol_peer(postgres::Connection& connection, const LookupRequest& request,
                           std::span<const std::string> networks, const std::string& gateway);

} // namespace provisiond::lookup
