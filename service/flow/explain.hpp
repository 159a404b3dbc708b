#pragma once

#include "base/clock.hpp"
#include "flow/context.hpp"
#include "flow/first_contact.hpp"
#include "handoff/explanation.hpp"
#include "handoff/peer_id.hpp"

namespace provisiond::flow {

// What the flow cannot see by itself.
struct Surroundings {
  bool has_database = true; // a session is connected
};

// Goes through the gates in the order of FirstContact and Installs, and asks each what it would say
// now. Takes nothing from a budget, makes no entry, and moves no counter; a few look-ups in tables,
// whatever is in them. Loop thread.
class Explainer {
 public:
  Explainer(const Context& context, const FirstContact& first_contact)
      : context_{context}, first_contact_{first_contact} {}

  [[nodiscard]] KeyExplanation explain(const PeerId& id, Surroundings surroundings,
                                       TimePoint now) const;
  [[nodiscard]] SourceExplanation explain(const IpAddress& source, TimePoint now) const;

 private:
  void add_gates_of_the_source(KeyExplanation& explanation, const Interface& interface,
                               TimePoint now) const;
  void add_gates_of_the_key(KeyExplanation& explanation, const PeerId& id, TimePoint now) const;
  void add_gates_behind(KeyExplanation& explanation, const Interface& interface,
                        Surroundings surroundings, TimePoint now) const;
  [[nodiscard]] std::optional<PeerCloseUp> close_up(const Interface& interface, const PeerId& id,
                                                    TimePoint now) const;
  void say_what_comes_next(PeerCloseUp& close_up, const peers::Peer& peer, const PeerId& id,
                           TimePoint now) const;

  const Context& context_;
  const FirstContact& first_contact_;
};

} // namespace provisiond::flow
