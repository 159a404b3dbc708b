#pragma once

#include "flow/admission.hpp"
#include "flow/context.hpp"
#include "flow/installs.hpp"
#include "flow/passage.hpp"
#include "flow/waiting_keys.hpp"
#include "handoff/peer_record.hpp"

#include <optional>

namespace provisiond::flow {

// From a packet to a row: the steps of a sighting, in their order. Every sighting ends in one
// refusal or in one connected peer. Loop thread.
class FirstContact {
 public:
  FirstContact(Context& context, Installs& installs, TimePoint now)
      : context_{context}, installs_{installs}, admission_{context, now} {}

  void knock(const Sighting& sighting, const Instant& now);
  void proven(const Authenticated& result, const Instant& now);
  void answered(LookupAnswer& answer, const Instant& now);

  // Proven keys that were refused because the database was away: whether there are any, and, once
  // it can be asked again, their look-ups.
  [[nodiscard]] bool has_waiting(const Instant& now) { return waiting_.has_any(now.steady); }
  void resume_waiting(const Instant& now);

  // For people to look at.
  [[nodiscard]] const Admission& admission() const { return admission_; }
  // To be judged with every tick, and ordered by the operator.
  [[nodiscard]] AttackMode& attack_mode() { return admission_.attack_mode(); }
  [[nodiscard]] bool is_waiting(const PeerId& id) const { return waiting_.contains(id); }

  // While it drains, no new peer is let in; those on a device or past `knock` are not concerned. A
  // restart forgets it.
  void drain();
  void resume();
  [[nodiscard]] bool is_draining() const { return is_draining_; }

 private:
  void knock_redirected(const Sighting& sighting, const Instant& now);
  void knock_at_interface(const Sighting& sighting, const Instant& now);
  void claimed(const Sighting& sighting, const ClaimedKey& claim, const Instant& now);
  void refused(const LookupAnswer& answer, const Sighting& sighting, Refusal refusal,
               const Instant& now);
  void note_peer(const Interface& interface, const PublicKey& key);
  void found(Interface& interface, const Sighting& sighting, PeerRecord& record, TimePoint asked_at,
             const Instant& now);
  void rehearse(const Interface& interface, const Sighting& sighting, const PeerRecord& record,
                const Instant& now);

  Context& context_;
  Installs& installs_;
  Admission admission_;
  WaitingKeys waiting_;
  bool is_draining_ = false;
};

} // namespace provisiond::flow
