#pragma once

#include "flow/context.hpp"
#include "flow/explain.hpp"
#include "flow/first_contact.hpp"
#include "flow/installs.hpp"
#include "flow/life.hpp"
#include "flow/passage.hpp"
#include "flow/wiring.hpp"
#include "handoff/peer_record.hpp"

namespace provisiond::flow {

// What happens to a sighting from the wire to the first handshake, and to a peer from then on. The
// two halves share a context and meet where a peer is planned.
//
// The loop hands in what arrives (sightings, results of key agreement, answers, changes, passes)
// and calls `commit` at the end of its turn, which takes what devices have acknowledged and hands
// them what waits. Loop thread. Logs; never throws for what comes from outside.
class Flow {
 public:
  Flow(const Wiring& wiring, const Limits& limits, const Instant& now);

  // From a packet to a planned peer.
  [[nodiscard]] FirstContact& first_contact() { return first_contact_; }
  // From there on.
  [[nodiscard]] Life& life() { return life_; }
  [[nodiscard]] const Life& life() const { return life_; }

  // The database has answered, whatever was asked.
  void answered(LookupAnswer answer, const Instant& now);
  // Questions that are not answered in time end as if the database were away; with every tick.
  void give_up_questions(const Instant& now);
  void commit(const Instant& now) { life_.commit(now); }

  // The database that answers is not the one that answered first, or is it again. What another one
  // does not know is not foreign for that.
  void follow_another_database() { context_.is_another_database = true; }
  void follow_first_database() { context_.is_another_database = false; }

  // What would be said now, for people to look at. Changes nothing; a few look-ups in tables.
  [[nodiscard]] KeyExplanation explain(const PeerId& id, Surroundings surroundings,
                                       TimePoint now) const;
  [[nodiscard]] SourceExplanation explain(const IpAddress& source, TimePoint now) const;

  [[nodiscard]] Report& report() { return context_.report; }

 private:
  void take_answer(LookupAnswer& answer, const Instant& now);

  Context context_;
  Life life_;
  FirstContact first_contact_;
};

} // namespace provisiond::flow
