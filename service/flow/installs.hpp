#pragma once

#include "flow/context.hpp"
#include "flow/departures.hpp"
#include "handoff/peer_record.hpp"
#include "handoff/sighting.hpp"
#include "peers/device_peers.hpp"

#include <optional>

namespace provisiond::flow {

// From a row to a peer that is greeted: what is decided before the device is asked, and what
// follows when it has answered. Loop thread.
class Installs {
 public:
  Installs(Context& context, Departures& departures) : context_{context}, departures_{departures} {}

  // Plans the peer of a record. The device gets it with the next batch.
  [[nodiscard]] std::optional<Refusal> plan(Interface& interface, const Sighting& sighting,
                                            PeerRecord& record, TimePoint asked_at,
                                            const Instant& now);
  // What `plan` would refuse it for; changes nothing. An idle peer would make room.
  [[nodiscard]] std::optional<Refusal> foresee(const Interface& interface, const Sighting& sighting,
                                               const PeerRecord& record, const Instant& now) const;
  // The device has it: it is greeted.
  void installed(Interface& interface, const PublicKey& key, const Instant& now);
  // The device does not take it, or is gone.
  void refused(Interface& interface, const PublicKey& key, const Error& error, const Instant& now);
  // No session so far: it is greeted again, if that is due, or leaves at its deadline. `as_of`:
  // since then it may have got one.
  void look_after(Interface& interface, const PublicKey& key, TimePoint as_of, const Instant& now);

 private:
  [[nodiscard]] greet::Plan greeting_for(const Interface& interface,
                                         const PeerRecord& record) const;
  [[nodiscard]] bool resolve_rotation(Interface& interface, const PeerRecord& record);
  void greet_again(Interface& interface, greet::GreetedPeer& greeted, const Instant& now);
  void give_up(Interface& interface, const PublicKey& key, const Instant& now);

  Context& context_;
  Departures& departures_;
};

} // namespace provisiond::flow
