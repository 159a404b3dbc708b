// Longer than other headers, because the story is one class; its parts stand in several files.
#pragma once

#include "authenticate/cookie.hpp"
#include "base/fixed_table.hpp"
#include "base/rate.hpp"
#include "evict/policy.hpp"
#include "flow/greeted_peers.hpp"
#include "flow/interface.hpp"
#include "flow/load.hpp"
#include "flow/passage.hpp"
#include "flow/recheck_queue.hpp"
#include "flow/report.hpp"
#include "flow/waiting_keys.hpp"
#include "flow/wiring.hpp"
#include "greet/resubmit.hpp"
#include "greet/reverse.hpp"
#include "handoff/change.hpp"
#include "handoff/peer_record.hpp"
#include "handoff/peer_view.hpp"
#include "handoff/report.hpp"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace provisiond::flow {

// The story: what happens to a sighting from the wire to the first handshake. The stages run in the
// order of flow.cpp and nowhere else. The loop hands in what arrives (sightings, proofs, answers,
// passes over a device) and calls `commit` at the end of its turn, which sends everything planned
// in that turn to the devices at once.
//
// Loop thread. Logs; never throws for what comes from outside. Every sighting ends in one refusal
// or in one connected peer.
class Flow {
 public:
  Flow(const Wiring& wiring, const Limits& limits, const Instant& now);

  // In the order in which a sighting meets them.
  void knock(const Sighting& sighting, const Instant& now);
  void claimed(const Sighting& sighting, const ClaimedKey& claim, const Instant& now);
  void proven(const Proof& proof, const Instant& now);
  void answered(LookupAnswer answer, const Instant& now);
  // Questions that nobody has answered in time end as if the database were away; with every tick.
  void give_up_questions(const Instant& now);
  void commit(const Instant& now);

  // A pass over a device: say when it begins, hand in what it found, and go on with what is left of
  // it as long as there is anything, a slice at a time.
  void begin_pass(Interface& interface);
  void inspect(Interface& interface, kernel::PeerList found, const Instant& now);
  void inspect_more(const Instant& now);
  [[nodiscard]] bool has_inspections() const;

  // The database says something else now: what was refused may knock again, and what is on a device
  // is looked up again. `recheck` sends these look-ups, so many at a time; call it with every turn.
  void changed(const Change& change, const Instant& now);
  void recheck(const Instant& now);
  // More of them wait to be gathered, and there is room: call it again soon.
  [[nodiscard]] bool has_rechecks() const;

  // Proven keys that were refused because the database was away: whether there are any, and, once
  // it can be asked again, their look-ups.
  [[nodiscard]] bool has_waiting(const Instant& now) { return waiting_.has_any(now.steady); }
  void resume_waiting(const Instant& now);

  // The database that answers is not the one that answered first, or is it again. What another one
  // does not know is no stranger's for that.
  void follow_another_database() { is_another_database_ = true; }
  void follow_first_database() { is_another_database_ = false; }

  // Takes all peers that the database has given us off their devices, in the turns that follow and
  // until it answers again; how many there are. Others' stay.
  std::size_t remove_ours();

  // The interface is gone, and all its peers with it.
  void forget(Interface& interface);

  // Peers wait to be taken off a device; `commit` does it a batch at a time, so call it soon.
  [[nodiscard]] bool has_departures() const;

  // Peers without a session yet, on all interfaces; while there are any, `inspect` is wanted often.
  [[nodiscard]] std::size_t greeted() const { return greeted_.size(); }
  [[nodiscard]] Report& report() { return report_; }

  // While it drains, nobody new is let in; who is on a device or past `knock` is not concerned. A
  // restart forgets it.
  void drain();
  void resume();
  [[nodiscard]] bool is_draining() const { return is_draining_; }

  // For people to look at (view.cpp). nullopt: it is not there (any more).
  [[nodiscard]] std::optional<PeerView> view(const Interface& interface,
                                             const PublicKey& key) const;
  // Everybody, so many places of the table at a time; without a walk from the beginning. Whoever
  // stays is told exactly once (PeerWalk). An interface that goes ends the walk.
  [[nodiscard]] PeerSlice views(const Interface& interface, std::optional<PeerWalk> walk,
                                std::size_t most) const;

 private:
  // A peer that will be created at the next commit.
  struct Planned {
    GreetedPeer peer;
    std::vector<kernel::PeerChange> changes; // the first one creates it
  };

  // redirected.cpp
  void redirected(const Sighting& sighting, const Instant& now);

  // admission.cpp
  [[nodiscard]] std::optional<Refusal> recall(const Interface& interface, const Sighting& sighting,
                                              const Instant& now);
  [[nodiscard]] std::optional<Refusal> admit_address(const Interface& interface,
                                                     const Sighting& sighting, const Instant& now);
  [[nodiscard]] std::optional<Refusal> admit_unproven(const Sighting& sighting, const Instant& now);
  [[nodiscard]] bool has_proven_address(const Sighting& sighting, const Instant& now);
  void ask_for_cookie(const Interface& interface, const Sighting& sighting, const Instant& now);

  // flow.cpp
  void knock_at_interface(const Sighting& sighting, const Instant& now);
  void remember(const PeerId& id, Refusal refusal, const Instant& now);
  void record(const Sighting& sighting, const PublicKey& key, Refusal refusal);
  // False when there is no room for the question or for its answer.
  [[nodiscard]] bool ask(LookupPurpose purpose, const PeerId& id, const Instant& now);
  void take_answer(LookupAnswer answer, const Instant& now);
  void refuse(const Sighting& sighting, Refusal refusal, std::optional<PublicKey> key,
              const Instant& now);

  // enrolment.cpp
  [[nodiscard]] std::optional<Refusal> admit_trial(const Instant& now);
  void enrol(Interface& interface, const PublicKey& key, const Instant& now);
  void enrolled(LookupAnswer& answer, const Instant& now);
  void settle_in(Interface& interface, const Peer& peer, PeerRecord& record, TimePoint asked_at);

  // device_steps.cpp
  [[nodiscard]] std::optional<Refusal> plan(Interface& interface, const Sighting& sighting,
                                            PeerRecord& record, TimePoint asked_at,
                                            const Instant& now);
  void install(Interface& interface, std::vector<Planned> batch, const Instant& now);
  [[nodiscard]] bool make_way(Interface& interface, const PeerRecord& record);
  void greet(Interface& interface, const Planned& planned, const Instant& now);
  void settle(Interface& interface, const PublicKey& key, const kernel::PeerState& state,
              const Instant& now);
  void claim_session(const Interface& interface, const PublicKey& key, const Peer& peer);
  void greet_again(Interface& interface, GreetedPeer& peer, const Instant& now);
  void count_greeting(GreetedPeer& peer, const Instant& now);
  void note_return(const Interface& interface, const PublicKey& key, const Instant& now);
  void remove_never_connected(Interface& interface, const std::vector<PublicKey>& due,
                              const Instant& now);
  void apply(Interface& interface, std::span<const kernel::PeerChange> changes);

  // inspection.cpp
  void inspect_slice(Interface& interface, const Instant& now);
  void see_some(Interface& interface, std::size_t& left, const Instant& now);
  void seen(Interface& interface, const kernel::PeerState& state, const Instant& now);
  [[nodiscard]] Peer& found(Interface& interface, const kernel::PeerState& state,
                            const Instant& now);
  void note_handshake(Interface& interface, Peer& peer, const kernel::PeerState& state,
                      const Instant& now);
  void come_back(Interface& interface, const PublicKey& key, Peer& peer);
  void note_prefixes(Interface& interface, const Peer& peer, const kernel::PeerState& state);
  void judge(Interface& interface, const PublicKey& key, Peer& peer, const Instant& now);
  void ask_about_missing(const Interface& interface, const PublicKey& key, const Peer& peer,
                         const Instant& now);

  // pass_end.cpp
  void begin_report(Interface& interface, const Instant& now);
  void begin_stock(Interface& interface);
  void take_stock(Interface& interface, std::size_t& left);
  void end_stock(Interface& interface);
  void keep_to_limit(Interface& interface);
  void look_after_greeted(Interface& interface, std::size_t& left, const Instant& now);
  void count_peers();

  // departures.cpp
  void depart(Interface& interface, const PublicKey& key, Peer& peer, Eviction reason);
  void take_off(Interface& interface, const Instant& now);
  void gather_departures(Interface& interface);
  [[nodiscard]] bool make_room(Interface& interface, const Instant& now);
  // `unconnected` ends its sighting, if it was still being greeted.
  void remove(Interface& interface, const PublicKey& key, std::string_view reason,
              Refusal unconnected = Refusal::revoked);
  void drop(Interface& interface, const PublicKey& key, Refusal unconnected);

  // changes.cpp
  void gather_rechecks();
  void rechecked(LookupAnswer& answer);
  void refresh(Interface& interface, PeerRecord& record, TimePoint asked_at);
  [[nodiscard]] bool keep_session(Interface& interface, Peer& peer, const PeerRecord& record);
  [[nodiscard]] bool is_held_here(const Interface& interface, const PeerRecord& record) const;
  [[nodiscard]] bool give_way(Interface& interface, const PeerRecord& record);
  void disown(Interface& interface, const PublicKey& key, TimePoint asked_at);
  void miss(Interface& interface, const PublicKey& key, TimePoint asked_at);
  void count_missing_rows();
  void stop_removal();
  void note_applied();

  [[nodiscard]] Interface& interface_of(InterfaceId id) { return wiring_.interfaces[id.value]; }
  [[nodiscard]] greet::Greeting& greeting_of(greet::Strategy strategy);

  Wiring wiring_;
  Limits limits_;
  Report report_;
  Load load_;
  authenticate::CookieChecker cookies_;
  TokenBucket cookie_replies_;
  greet::ReverseGreeting reverse_;
  greet::ResubmitGreeting resubmit_;
  std::map<InterfaceId, std::vector<Planned>> planned_; // emptied by commit
  GreetedPeers greeted_;
  TokenBucket trials_;
  FixedTable<PeerId, TimePoint> evicted_; // for want of use or room; who is back soon is a regret
  std::string known_position_;            // of the changes that we have heard of
  std::string applied_position_;          // of those that all our devices follow
  WaitingKeys waiting_;
  RecheckQueue to_recheck_;
  std::size_t next_to_gather_ = 0; // of the interfaces
  bool is_draining_ = false;
  bool is_another_database_ = false;
};

} // namespace provisiond::flow
