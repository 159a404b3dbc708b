#pragma once

#include "base/clock.hpp"
#include "base/public_key.hpp"
#include "base/result.hpp"
#include "bench/wire_tap.hpp"
#include "handoff/sighting.hpp"
#include "initiator/client.hpp"
#include "initiator/packet_sender.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace provisiond::bench {

// A client that has not knocked yet: its initiation, and a socket with a port of its own,
// by which its packets are told from those of the others.
struct Knocker {
  initiator::Client client;
  InitiationBytes initiation;
  initiator::PacketSender socket;
  std::uint16_t port = 0;
};

struct KnockerSetup {
  std::string private_keys_file; // one per line
  std::string network_namespace; // of their sockets, as `ip netns` names it
  Endpoint gateway;
  PublicKey responder; // the gateway's key
};

// At most 40,000, at ports from 20000 on, one descriptor each. The calling thread stays in its own
// namespace.
Result<std::vector<Knocker>> make_knockers(const KnockerSetup& setup);

// From the client's initiation to the gateway's first message to it, for those that got one, in
// milliseconds; and the time from the first initiation to the last of those messages.
struct BurstResult {
  std::vector<double> latencies;
  Duration elapsed{};
};

// All of them knock at once and complete the handshake that the gateway starts. Three seconds at
// most: a real client would try again after five.
Result<BurstResult> knock_together(WireTap& tap, std::span<Knocker> knockers);

} // namespace provisiond::bench
