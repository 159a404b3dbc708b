#include "flow/flow.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

// How a pass over a device ends, when all that the device told has been seen: who is not on it any
// more, who could make way, who is still being greeted, and what the database is told.

namespace provisiond::flow {

namespace {

constexpr std::size_t most_spare = 1024;

// Of the work of one turn, against one peer of the device that is seen: so many places of the table
// are one, and so many is one that is dropped or one that is greeted.
constexpr std::size_t places_at_once = 64;
constexpr std::size_t cost_of_places = 8;
constexpr std::size_t cost_of_one = 8;

void spend(std::size_t& left, std::size_t cost) {
  left -= std::min(left, cost);
}

// Gateways that start together shall not report together: each has a part of `most` of its own.
Duration share_of(const std::string& gateway, Duration most) {
  constexpr std::size_t parts = 1024;
  return most * static_cast<int>(std::hash<std::string>{}(gateway) % parts) /
         static_cast<int>(parts);
}

bool goes_first(const Spare& left, const Spare& right) {
  return std::pair{left.is_evicted_last, left.active_at} <
         std::pair{right.is_evicted_last, right.active_at};
}

// Only peers without a session; somebody who is connected never makes way for somebody who is not.
void note_spare(std::vector<Spare>& heap, const PublicKey& key, const Peer& peer) {
  if (peer.stage != PeerStage::idle || peer.owner != Owner::ours) return;
  const Spare spare{
      .is_evicted_last = peer.is_evicted_last, .active_at = peer.active_at, .key = key};
  if (heap.size() == most_spare) {
    if (!goes_first(spare, heap.front())) return;
    std::ranges::pop_heap(heap, goes_first);
    heap.pop_back();
  }
  heap.push_back(spare);
  std::ranges::push_heap(heap, goes_first);
}

} // namespace

void Flow::begin_report(Interface& interface, const Instant& now) {
  if (now.steady < interface.report_due || !interface.is_present()) return;
  const bool is_first = interface.report_due == TimePoint{};
  interface.report_due = now.steady + limits_.report_interval;
  if (is_first) interface.report_due -= share_of(limits_.gateway, limits_.report_interval / 2);
  interface.inspection.report = InterfaceReport{.interface = interface.id,
                                                .name = interface.name,
                                                .key = interface.identity->public_key(),
                                                .position = {},
                                                .peers = 0,
                                                .active = {}};
}

void Flow::begin_stock(Interface& interface) {
  Inspection& inspection = interface.inspection;
  inspection.step = Inspection::Step::table;
  inspection.rest = interface.peers.walk();
  inspection.seeks_spare = interface.peers.size() + interface.max_peers / 16 >= interface.max_peers;
}

// A peer that the device did not tell of has left it, if it told of all. Only a peer that it told
// of can make way for another one: of others it is not known whether they have a session by now.
void Flow::take_stock(Interface& interface, std::size_t& left) {
  Inspection& inspection = interface.inspection;
  while (left > 0 && !inspection.rest.is_over()) {
    std::vector<PublicKey> unseen;
    for (const PeerTable::Entries::value_type* entry :
         interface.peers.step(inspection.rest, places_at_once)) {
      if (!interface.peers.is_seen(entry->second))
        unseen.push_back(entry->first);
      else if (inspection.seeks_spare)
        note_spare(inspection.spare, entry->first, entry->second);
    }
    for (const PublicKey& key : unseen) {
      const bool may_be_there =
          !inspection.is_complete && !PeerTable::note_missed(*interface.peers.find(key));
      if (may_be_there) continue;
      drop(interface, key, Refusal::never_connected);
      report_.gone(interface, key);
    }
    spend(left, cost_of_places + cost_of_one * unseen.size());
  }
}

void Flow::end_stock(Interface& interface) {
  Inspection& inspection = interface.inspection;
  const Interface::Known told =
      inspection.is_complete ? Interface::Known::all : Interface::Known::some;
  interface.known = std::max(interface.known, told);
  if (inspection.report) {
    inspection.report->peers = interface.peers.size();
    inspection.report->position = applied_position_;
    static_cast<void>(wiring_.reports.push(std::move(*inspection.report)));
  }
  std::ranges::sort_heap(inspection.spare, goes_first);
  interface.spare.clear();
  for (std::size_t i = inspection.spare.size(); i > 0; --i)
    interface.spare.push_back(inspection.spare[i - 1].key);
  for (const GreetedPeers::value_type& entry : greeted_)
    if (entry.first.interface == interface.id) inspection.greeted.push_back(entry.first.key);
  inspection.step = Inspection::Step::greeted;
}

// A peer without a session is greeted again, or leaves at the deadline: one that had none when the
// pass began. It may have got one since. Of a peer that the pass does not show nothing is known, so
// it is left to the next pass.
void Flow::look_after_greeted(Interface& interface, std::size_t& left, const Instant& now) {
  Inspection& inspection = interface.inspection;
  std::vector<PublicKey> due;
  while (left > 0 && !inspection.greeted.empty()) {
    const PublicKey key = inspection.greeted.back();
    inspection.greeted.pop_back();
    spend(left, cost_of_one);
    const GreetedPeers::iterator greeted = greeted_.find({.interface = interface.id, .key = key});
    if (greeted == greeted_.end()) continue;
    if (!interface.peers.is_seen(*interface.peers.find(key))) continue;
    const Duration deadline =
        greeted->second.is_on_trial ? limits_.trial_deadline : limits_.greeting_deadline;
    const evict::Limits limits{.greeting_deadline = deadline};
    if (evict::never_connected(greeted->second.installed_at, limits, inspection.begun_at))
      due.push_back(key);
    else if (inspection.begun_at >= greeted->second.greet_again_at)
      greet_again(interface, greeted->second, now);
  }
  remove_never_connected(interface, due, now);
  if (!inspection.greeted.empty()) return;
  inspection = {};
  keep_to_limit(interface);
  count_peers();
}

// When more are there than may be, some of them put there by somebody else.
void Flow::keep_to_limit(Interface& interface) {
  const std::size_t leaving = std::min(interface.departures.size(), interface.peers.size());
  std::size_t staying = interface.peers.size() - leaving;
  while (staying > interface.max_peers && !interface.spare.empty()) {
    const PublicKey key = interface.spare.back();
    interface.spare.pop_back();
    Peer* const peer = interface.peers.find(key);
    if (peer == nullptr || peer->stage != PeerStage::idle) continue;
    depart(interface, key, *peer, Eviction::over_limit);
    --staying;
  }
}

void Flow::count_peers() {
  std::size_t all = 0;
  for (std::size_t stage = 0; stage < peer_stage_names.size(); ++stage) {
    std::size_t count = 0;
    for (const Interface& interface : wiring_.interfaces)
      count += interface.peers.count(static_cast<PeerStage>(stage));
    wiring_.metrics.peer_stages[static_cast<PeerStage>(stage)].set(
        static_cast<std::int64_t>(count));
    all += count;
  }
  wiring_.metrics.peers.set(static_cast<std::int64_t>(all));
  std::size_t foreign = 0;
  for (const Interface& interface : wiring_.interfaces)
    foreign += interface.peers.count(Owner::foreign);
  wiring_.metrics.foreign_peers.set(static_cast<std::int64_t>(foreign));
}

} // namespace provisiond::flow
