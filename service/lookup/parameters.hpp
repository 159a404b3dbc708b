#pragma once

#include "handoff/peer_record.hpp"
#include "handoff/report.hpp"

#include <span>
#include <string>
#include <vector>

namespace provisiond::lookup {

// The parameters of find_peers; pure. `networks` is indexed by InterfaceId, an interface beyond it
// becomes the empty name, which no network has.
std::string network_array(std::span<const LookupRequest> requests,
                          std::span<const std::string> networks);
std::string key_array(std::span<const LookupRequest> requests);

// The parameters of report_interface, each as long as `peers`. A peer without an endpoint is left
// out.
struct ActivityArrays {
  std::string keys;
  std::string addresses;
  std::string ports;
  std::string handshakes_us;
  std::string received_bytes;
  std::string sent_bytes;
};
ActivityArrays activity_arrays(std::span<const ActivePeer> peers);

// The parameters of claim_sessions, once for each interface that `ownerships` name.
struct OwnershipArrays {
  InterfaceId interface;
  std::string name;
  std::string keys;
  std::string initiations;
  std::string handshakes_us;
};
std::vector<OwnershipArrays> ownership_arrays(std::span<const SessionOwnership> ownerships);

// The parameters of record_sightings, each as long as `keys`.
struct SightingArrays {
  std::string networks;
  std::string keys;
  std::string reasons;
  std::string addresses;
  std::string ports;
};
SightingArrays sighting_arrays(std::span<const RefusedKey> keys,
                               std::span<const std::string> networks);

} // namespace provisiond::lookup
