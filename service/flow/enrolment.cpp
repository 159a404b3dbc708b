#include "flow/flow.hpp"

#include <algorithm>
#include <utility>

// Devices that nobody has added, in a network that enrols by itself. Such a device is installed
// without addresses, with the network's enrolment key if it has one, and greeted. That key enters
// the handshake only in its second message, so a session means that the device holds it; then the
// database makes it a peer, and it gets its addresses.

namespace provisiond::flow {

// Strangers cause trials: few at a time, and not too often.
std::optional<Refusal> Flow::admit_trial(const Instant& now) {
  if (!trials_.take(limits_.trials, now.steady)) return Refusal::trial_budget;
  std::size_t under_way = 0;
  for (const std::pair<const InterfaceId, std::vector<Planned>>& entry : planned_)
    under_way += static_cast<std::size_t>(std::ranges::count_if(
        entry.second, [](const Planned& planned) { return planned.peer.is_on_trial; }));
  under_way += static_cast<std::size_t>(std::ranges::count_if(
      greeted_, [](const GreetedPeers::value_type& entry) { return entry.second.is_on_trial; }));
  if (under_way >= limits_.most_trials) return Refusal::trial_budget;
  return std::nullopt;
}

// It has a session, so it holds the key.
void Flow::enrol(Interface& interface, const PublicKey& key, const Instant& now) {
  if (!ask(LookupPurpose::enrol, {.interface = interface.id, .key = key}, now))
    remove(interface, key, to_string(Refusal::lookup_queue_full));
}

// It is a peer now and gets its addresses, or it leaves the device.
void Flow::enrolled(LookupAnswer& answer, const Instant& now) {
  const PeerId id{.interface = answer.interface, .key = answer.key};
  Interface& interface = interface_of(id.interface);
  const Peer* const peer = interface.peers.find(id.key);
  if (peer == nullptr || !peer->is_on_trial || peer->stage == PeerStage::installing) return;
  PeerRecord* const record = std::get_if<PeerRecord>(&answer.verdict);
  if (record != nullptr && !record->is_on_trial)
    return settle_in(interface, *peer, *record, answer.asked_at);
  const Refusal refusal =
      record != nullptr ? Refusal::not_enrolled : std::get<Refusal>(answer.verdict);
  if (!is_of_the_database(refusal)) remember(id, refusal, now);
  remove(interface, id.key, to_string(refusal));
}

// Once for each enrolment, whichever tells of it first: the answer, or the change.
void Flow::settle_in(Interface& interface, const Peer& peer, PeerRecord& record,
                     TimePoint asked_at) {
  report_.enrolled(interface, record.key);
  claim_session(interface, record.key, peer);
  refresh(interface, record, asked_at);
}

} // namespace provisiond::flow
