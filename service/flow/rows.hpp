#pragma once

#include "flow/context.hpp"
#include "flow/departures.hpp"
#include "flow/sessions.hpp"
#include "handoff/change.hpp"
#include "handoff/peer_record.hpp"
#include "peers/peer.hpp"

namespace provisiond::flow {

// Keeps the peers that are on devices in step with their rows: a row that changes, goes, comes
// back, or is held by another gateway. Loop thread.
class Rows {
 public:
  Rows(Context& context, Departures& departures, Sessions& sessions)
      : context_{context}, departures_{departures}, sessions_{sessions} {}

  // The database says something else than before: of one key, or of any of the interface's network.
  void changed(const Change& change, const Instant& now);
  // The device has not taken what the row says: it is told again, some seconds later.
  static void not_followed(Interface& interface, const PublicKey& key);
  // Sends the questions that wait, so many at a time; with every turn.
  void ask(const Instant& now);
  // More of them wait to be gathered, and there is room: call `ask` again soon.
  [[nodiscard]] bool has_work() const { return context_.revalidation.has_more_to_gather(); }
  // What the database says of a peer that is on a device.
  void revalidated(LookupAnswer& answer);
  // What it says of a device that has passed its trial.
  void enrolled(LookupAnswer& answer, const Instant& now);

 private:
  [[nodiscard]] std::vector<PublicKey> step(InterfaceId id, PeerWalk& walk, std::size_t most);
  void note_applied();
  void refused(Interface& interface, const PublicKey& key, Refusal refusal, TimePoint asked_at);
  void take_on(Interface& interface, const peers::Peer& peer, PeerRecord& record,
               TimePoint asked_at);
  void follow(Interface& interface, PeerRecord& record, TimePoint asked_at);
  void foretell_change(Interface& interface, peers::Peer& peer, const PeerRecord& record);
  void change_device(Interface& interface, peers::Peer& peer, PeerRecord& record);
  [[nodiscard]] bool resolve_overlap(Interface& interface, const PeerRecord& record);
  [[nodiscard]] bool keep_session(Interface& interface, peers::Peer& peer,
                                  const PeerRecord& record);
  [[nodiscard]] bool is_held_here(const Interface& interface, const PeerRecord& record) const;
  void disown(Interface& interface, const PublicKey& key, TimePoint asked_at);
  void miss(Interface& interface, const PublicKey& key, TimePoint asked_at);
  void count_missing_rows();

  Context& context_;
  Departures& departures_;
  Sessions& sessions_;
};

} // namespace provisiond::flow
