#include "evict/ownership.hpp"
#include "flow/flow.hpp"
#include "install/plan.hpp"

#include <algorithm>
#include <optional>
#include <utility>

// What the flow does when the database changes its mind, comes back, or is silent for too long.

namespace provisiond::flow {

namespace {

// Look-ups of installed peers at a time, so that devices that knock do not wait behind them.
constexpr std::size_t most_rechecks = 256;

// Places of a peer table looked at in one turn, at most, to find them.
constexpr std::size_t most_places = 1024;

} // namespace

void Flow::changed(const Change& change, const Instant& now) {
  Interface& interface = interface_of(change.interface);
  interface.changed_at = now.steady;
  if (!change.position.empty()) known_position_ = change.position;
  if (change.key) {
    const PeerId id{.interface = interface.id, .key = *change.key};
    wiring_.refused_keys.with([&](admit::RefusedKeys& keys) { keys.forget(id); });
    wiring_.refusal_sink.readmit(id);
    wiring_.replay_memory.forget(id);
    if (interface.peers.find(*change.key) != nullptr) to_recheck_.add_named(id);
    return;
  }
  wiring_.refused_keys.with([](admit::RefusedKeys& keys) { keys.forget_all(); });
  wiring_.refusal_sink.readmit_all(interface.id);
  interface.recheck.begin(interface.peers);
}

// Each of them has ended in a refusal already, so what does not fit is left to the next knock.
void Flow::resume_waiting(const Instant& now) {
  for (const WaitingKeys::Waiting& waiting : waiting_.take(now.steady)) {
    if (!wiring_.key_gate.resume(waiting.id, waiting.sighting, now.steady)) continue;
    if (ask(LookupPurpose::proven, waiting.id, now))
      wiring_.metrics.lookups_resumed.add();
    else
      static_cast<void>(wiring_.key_gate.release(waiting.id));
  }
}

void Flow::recheck(const Instant& now) {
  gather_rechecks();
  while (wiring_.ledger.under_way(LookupPurpose::revalidate) < most_rechecks) {
    const PeerId* const id = to_recheck_.next();
    if (id == nullptr || !ask(LookupPurpose::revalidate, *id, now)) break;
    to_recheck_.take(*id);
  }
  note_applied();
}

// Where everybody is to be looked up again: the next ones, as soon as there is room for them, from
// one interface after the other. Who was asked about since then is passed over.
void Flow::gather_rechecks() {
  std::size_t places = 0;
  std::size_t without_round = 0;
  while (places < most_places && without_round < wiring_.interfaces.size() &&
         to_recheck_.size() < most_rechecks) {
    next_to_gather_ = (next_to_gather_ + 1) % wiring_.interfaces.size();
    Interface& interface = wiring_.interfaces[next_to_gather_];
    if (interface.recheck.is_over()) {
      ++without_round;
      continue;
    }
    without_round = 0;
    places += most_rechecks;
    for (const PeerTable::Entries::value_type* entry :
         interface.recheck.step(interface.peers, most_rechecks)) {
      if (entry->second.row_asked_at <= interface.changed_at)
        to_recheck_.add({.interface = interface.id, .key = entry->first});
    }
  }
}

bool Flow::has_rechecks() const {
  return to_recheck_.size() < most_rechecks &&
         std::ranges::any_of(wiring_.interfaces, [](const Interface& interface) {
           return !interface.recheck.is_over();
         });
}

// When nobody is left to be looked up again, the devices are where the database was.
void Flow::note_applied() {
  std::size_t left = to_recheck_.size() + wiring_.ledger.under_way(LookupPurpose::revalidate);
  for (const Interface& interface : wiring_.interfaces)
    left += interface.recheck.left(interface.peers);
  count_missing_rows();
  wiring_.metrics.rechecks.set(static_cast<std::int64_t>(left));
  if (left == 0) applied_position_ = known_position_;
}

// What the database says of a peer that is on a device. When nobody could be asked, the peer stays
// and is asked for again, as one is that has just been planned.
void Flow::rechecked(LookupAnswer& answer) {
  Interface& interface = interface_of(answer.interface);
  const PeerId id{.interface = answer.interface, .key = answer.key};
  const Peer* const peer = interface.peers.find(answer.key);
  if (peer == nullptr || answer.asked_at < peer->row_asked_at) return;
  const Refusal* const refusal = std::get_if<Refusal>(&answer.verdict);
  const bool is_unanswered = refusal != nullptr && *refusal == Refusal::database_unavailable;
  if (is_unanswered || peer->stage == PeerStage::installing) {
    to_recheck_.add(id);
    return;
  }
  if (refusal != nullptr) {
    // The settings may be wrong, or the network not be there yet: nothing is said of the key. It is
    // asked for again when the network is found.
    if (*refusal == Refusal::other_network && !wiring_.has_network(interface.id)) return;
    if (*refusal == Refusal::unknown_key) return disown(interface, answer.key, answer.asked_at);
    return remove(interface, answer.key, to_string(*refusal));
  }
  PeerRecord& record = std::get<PeerRecord>(answer.verdict);
  if (!record.is_on_trial) {
    // What enrols a device also tells of the change, which may be heard first.
    const bool has_passed_its_trial = peer->is_on_trial && !greeted_.contains(id);
    if (has_passed_its_trial) return settle_in(interface, *peer, record, answer.asked_at);
    return refresh(interface, record, answer.asked_at);
  }
  if (peer->is_on_trial) return; // its session decides
  // One without addresses is a trial that somebody began and did not live to end.
  if (peer->owner != Owner::ours && interface.allowed_ips.has_exactly(answer.key, {}))
    return remove(interface, answer.key, to_string(Refusal::trial_failed));
  disown(interface, answer.key, answer.asked_at);
}

// A key that the database has never heard of was put there by somebody else, and is theirs, unless
// it is ours.
void Flow::disown(Interface& interface, const PublicKey& key, TimePoint asked_at) {
  Peer& peer = *interface.peers.find(key);
  peer.row_asked_at = asked_at;
  if (peer.owner == Owner::ours) return miss(interface, key, asked_at);
  if (peer.owner == Owner::unasked) report_.foreign(interface, key);
  if (peer.owner != Owner::foreign) interface.allowed_ips.touch(key);
  interface.peers.give_to(peer, Owner::foreign);
  if (interface.is_exclusive && !is_another_database_)
    depart(interface, key, peer, Eviction::foreign);
}

// A peer of ours had a row. A deletion would have left a tombstone; without one it is more likely
// that the database is another one than before, or an older state of it: an empty answer cuts
// nobody before the limit. A device on trial never had a row.
void Flow::miss(Interface& interface, const PublicKey& key, TimePoint asked_at) {
  Peer& peer = *interface.peers.find(key);
  const bool is_over = peer.missing_since && limits_.max_missing != Duration::zero() &&
                       asked_at - *peer.missing_since >= limits_.max_missing;
  if (peer.is_on_trial || is_over) return remove(interface, key, to_string(Refusal::unknown_key));
  if (!peer.missing_since) report_.kept(interface, key, asked_at);
  interface.peers.lose_row(peer, asked_at);
  count_missing_rows();
}

void Flow::count_missing_rows() {
  std::size_t missing = 0;
  for (const Interface& interface : wiring_.interfaces)
    missing += interface.peers.missing_rows();
  wiring_.metrics.missing_rows.set(static_cast<std::int64_t>(missing));
}

// Another peer has one of the addresses that the row gives to this one. If its own row is older
// than the last change, it is asked about and makes way, as on the device; so two can exchange
// theirs.
bool Flow::give_way(Interface& interface, const PeerRecord& record) {
  while (const std::optional<PublicKey> holder =
             interface.allowed_ips.conflict(record.key, record.allowed_ips)) {
    const Peer* const other = interface.peers.find(*holder);
    const bool is_stale = other != nullptr && other->owner == Owner::ours &&
                          other->row_asked_at <= interface.changed_at;
    if (!is_stale) return false;
    interface.allowed_ips.assign(*holder, {});
    to_recheck_.add_named({.interface = interface.id, .key = *holder});
  }
  return true;
}

bool Flow::is_held_here(const Interface& interface, const PeerRecord& record) const {
  return record.held_by->run == limits_.run && !limits_.run.empty() &&
         record.held_by->interface == interface.name;
}

// False when the peer has its session elsewhere, and leaves. One that has the later session here is
// claimed anew: the device came here while no claim could be written, or while nobody served; we
// were called something else, or somebody else is called so. What the database tells may also be
// our own session from before a restart, to the handshake: then there is nothing to tell.
bool Flow::keep_session(Interface& interface, Peer& peer, const PeerRecord& record) {
  if (!record.held_by || record.may_be_on_several_gateways || is_held_here(interface, record))
    return true;
  const bool is_older = peer.initiation && peer.initiation < record.newest_initiation;
  if (!PeerTable::is_settled(peer.stage)) {
    // It did not hear us and went on: a greeting now would take it from there.
    if (is_older)
      remove(interface, record.key, to_string(Eviction::moved), Refusal::never_connected);
    return !is_older;
  }
  const SessionHolder& told = *record.held_by;
  const bool has_our_names = told.gateway == limits_.gateway && told.interface == interface.name;
  // As after a boot, when the device was filled from a file.
  if (has_our_names && peer.last_handshake == WallTime{}) return true;
  const evict::SessionHere here{.initiation = peer.initiation,
                                .has_rekeyed = peer.has_rekeyed,
                                .last_handshake = peer.handshake_at(wiring_.clock())};
  if (!evict::is_latest_here(here, told, record.newest_initiation)) {
    if (told.gateway == limits_.gateway && told.run != limits_.run && !told.run.empty())
      report_.has_same_name(limits_.gateway, wiring_.clock().steady);
    depart(interface, record.key, peer, Eviction::moved);
    return false;
  }
  const bool is_known =
      has_our_names && told.since && here.last_handshake <= *told.since + evict::clock_tolerance;
  if (!is_known) claim_session(interface, record.key, peer);
  return true;
}

// The device gets the row as it is now; what it has already is not sent, so that traffic goes on.
void Flow::refresh(Interface& interface, PeerRecord& record, TimePoint asked_at) {
  Peer& peer = *interface.peers.find(record.key);
  if (!keep_session(interface, peer, record)) return;
  const bool has_its_addresses = interface.allowed_ips.has_exactly(record.key, record.allowed_ips);
  if (!has_its_addresses && !give_way(interface, record)) {
    return remove(interface, record.key, to_string(Refusal::allowed_ip_conflict));
  }
  if (peer.owner == Owner::unasked) {
    report_.adopted(interface, record.key);
    if (peer.stage == PeerStage::live && !record.held_by)
      claim_session(interface, record.key, peer);
  }
  if (peer.owner != Owner::ours) interface.allowed_ips.touch(record.key);
  peer.row_asked_at = asked_at;
  interface.peers.find_row(peer);
  interface.peers.give_to(peer, Owner::ours);
  peer.follow(record);
  interface.peers.note_changed(peer);

  kernel::PeerChange change = install::plan(record);
  change.action = kernel::PeerChange::Action::update;
  if (has_its_addresses)
    change.allowed_ips.reset();
  else
    interface.allowed_ips.assign(record.key, record.allowed_ips);
  // While it is being greeted, the keepalive is the greeting's.
  const GreetedPeers::iterator greeted =
      greeted_.find({.interface = interface.id, .key = record.key});
  if (greeted != greeted_.end()) {
    greeted->second.manners.keepalive_seconds = record.keepalive_seconds;
    greeted->second.is_on_trial = record.is_on_trial;
  } else if (peer.keepalive_seconds != record.keepalive_seconds) {
    change.keepalive_seconds = record.keepalive_seconds;
    peer.keepalive_seconds = record.keepalive_seconds;
  }
  interface.updates.push_back(std::move(change));
}

std::size_t Flow::remove_ours() {
  std::size_t ours = 0;
  for (Interface& interface : wiring_.interfaces) {
    ours += interface.peers.count(Owner::ours);
    interface.removal = interface.peers.walk();
  }
  return ours;
}

// The database is back: who is still there stays.
void Flow::stop_removal() {
  for (Interface& interface : wiring_.interfaces)
    interface.removal = {};
}

} // namespace provisiond::flow
