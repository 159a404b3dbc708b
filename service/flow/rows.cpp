#include "flow/rows.hpp"

#include "evict/ownership.hpp"
#include "install/plan.hpp"

#include <optional>
#include <utility>
#include <vector>

namespace provisiond::flow {

using peers::Owner;
using peers::Peer;
using revalidate::Revalidation;

void Rows::changed(const Change& change, const Instant& now) {
  Interface& interface = context_.interface_of(change.interface);
  interface.changed_at = now.steady;
  context_.revalidation.heard(change.position);
  if (change.key) {
    const PeerId id{.interface = interface.id, .key = *change.key};
    context_.wiring.negative_cache.with([&](admit::NegativeCache& keys) { keys.forget(id); });
    context_.wiring.refusal_sink.readmit(id);
    context_.wiring.replay_memory.forget(id);
    if (interface.peers.table().find(*change.key) != nullptr) context_.revalidation.add_named(id);
    return;
  }
  context_.wiring.negative_cache.with(
      [&](admit::NegativeCache& keys) { keys.forget_all(interface.id); });
  context_.wiring.refusal_sink.readmit_all(interface.id);
  context_.revalidation.begin_round(interface.id, interface.peers.table().walk());
}

// The passes ask about it again (Passes::judge).
void Rows::not_followed(Interface& interface, const PublicKey& key) {
  if (Peer* const peer = interface.peers.table().find(key)) peer->follows_row = false;
}

void Rows::ask(const Instant& now) {
  context_.revalidation.gather(
      [this](InterfaceId id, PeerWalk& walk, std::size_t most) { return step(id, walk, most); });
  while (context_.wiring.ledger.under_way(LookupPurpose::revalidate) < Revalidation::most) {
    const PeerId* const id = context_.revalidation.next();
    if (id == nullptr || !context_.ask(LookupPurpose::revalidate, *id, now)) break;
    context_.revalidation.take(PeerId{*id});
  }
  note_applied();
}

// Peers that were asked about since the change are passed over.
std::vector<PublicKey> Rows::step(InterfaceId id, PeerWalk& walk, std::size_t most) {
  const Interface& interface = context_.interface_of(id);
  std::vector<PublicKey> due;
  for (const peers::PeerTable::Entries::value_type* entry :
       interface.peers.table().step(walk, most))
    if (entry->second.looked_up_at <= interface.changed_at) due.push_back(entry->first);
  return due;
}

// When no peer is left to be asked about, the devices are where the database was.
void Rows::note_applied() {
  const std::size_t left = context_.wiring.ledger.under_way(LookupPurpose::revalidate) +
                           context_.revalidation.left([this](InterfaceId id, const PeerWalk& walk) {
                             return context_.interface_of(id).peers.table().left(walk);
                           });
  count_missing_rows();
  context_.wiring.metrics.rechecks.set(static_cast<std::int64_t>(left));
  if (left == 0) context_.revalidation.caught_up();
}

// When the database could not be asked, the peer stays and is asked about again.
void Rows::revalidated(LookupAnswer& answer) {
  Interface& interface = context_.interface_of(answer.interface);
  const PeerId id{.interface = answer.interface, .key = answer.key};
  const Peer* const peer = interface.peers.table().find(answer.key);
  if (peer == nullptr || peer->is_handed_over() || answer.asked_at < peer->looked_up_at) return;
  if (const Refusal* const refusal = std::get_if<Refusal>(&answer.verdict))
    return refused(interface, answer.key, *refusal, answer.asked_at);
  PeerRecord& record = std::get<PeerRecord>(answer.verdict);
  if (!record.is_on_trial) {
    // What enrols a device also tells of the change, which may be heard first.
    const bool has_passed_its_trial = peer->is_on_trial && context_.greetings.find(id) == nullptr;
    if (has_passed_its_trial) return take_on(interface, *peer, record, answer.asked_at);
    return follow(interface, record, answer.asked_at);
  }
  if (peer->is_on_trial) return; // its session decides
  // One without addresses is a trial that an earlier process began and did not live to end.
  const bool is_old_trial =
      peer->owner != Owner::ours && interface.peers.allowed_ips().has_exactly(answer.key, {});
  if (is_old_trial)
    return departures_.remove(interface, answer.key, {.reason = to_string(Refusal::trial_failed)});
  disown(interface, answer.key, answer.asked_at);
}

void Rows::refused(Interface& interface, const PublicKey& key, Refusal refusal,
                   TimePoint asked_at) {
  if (refusal == Refusal::database_unavailable)
    return context_.revalidation.add({.interface = interface.id, .key = key});
  // The settings may be wrong, or the network not be there yet: nothing is said of the key. It is
  // asked about again when the network is found.
  if (refusal == Refusal::other_network && !context_.wiring.has_network(interface.id)) return;
  if (refusal == Refusal::unknown_key) return disown(interface, key, asked_at);
  departures_.remove(interface, key, {.reason = to_string(refusal)});
}

void Rows::enrolled(LookupAnswer& answer, const Instant& now) {
  const PeerId id{.interface = answer.interface, .key = answer.key};
  Interface& interface = context_.interface_of(id.interface);
  const Peer* const peer = interface.peers.table().find(id.key);
  if (peer == nullptr || !peer->is_on_trial || !peer->is_established()) return;
  PeerRecord* const record = std::get_if<PeerRecord>(&answer.verdict);
  if (record != nullptr && !record->is_on_trial)
    return take_on(interface, *peer, *record, answer.asked_at);
  const Refusal refusal =
      record != nullptr ? Refusal::not_enrolled : std::get<Refusal>(answer.verdict);
  if (!is_of_the_database(refusal)) context_.remember(id, refusal, now);
  departures_.remove(interface, id.key, {.reason = to_string(refusal)});
}

// The device is a peer now and gets its addresses. Once for each enrolment, whichever tells of it
// first: the answer, or the change.
void Rows::take_on(Interface& interface, const Peer& peer, PeerRecord& record, TimePoint asked_at) {
  context_.report.enrolled(interface, record.key);
  sessions_.own(interface, record.key, peer);
  follow(interface, record, asked_at);
}

void Rows::follow(Interface& interface, PeerRecord& record, TimePoint asked_at) {
  peers::PeerTable& table = interface.peers.table();
  Peer& peer = *table.find(record.key);
  if (!keep_session(interface, peer, record)) return;
  const bool has_its_addresses =
      interface.peers.allowed_ips().has_exactly(record.key, record.allowed_ips);
  if (!interface.is_dry_run && !has_its_addresses && !resolve_overlap(interface, record)) {
    return departures_.remove(interface, record.key,
                              {.reason = to_string(Refusal::allowed_ip_conflict)});
  }
  if (peer.owner == Owner::unknown) {
    context_.report.adopted(interface, record.key);
    if (peer.stage() == PeerStage::live && !record.held_by)
      sessions_.own(interface, record.key, peer);
  }
  if (peer.owner != Owner::ours) interface.peers.allowed_ips().touch(record.key);
  peer.looked_up_at = asked_at;
  table.find_row(peer);
  table.set_owner(peer, Owner::ours);
  peer.follow(record);
  peer.would_leave_as = {};
  if (interface.is_dry_run)
    foretell_change(interface, peer, record);
  else
    change_device(interface, peer, record);
}

// Once for as long as it holds.
void Rows::foretell_change(Interface& interface, Peer& peer, const PeerRecord& record) {
  const bool fits = interface.peers.allowed_ips().has_exactly(record.key, record.allowed_ips) &&
                    peer.keepalive_seconds == record.keepalive_seconds;
  if (!std::exchange(peer.would_be_changed, !fits) && !fits)
    context_.report.would_be_changed(interface, record.key);
}

// The device gets the row as it is now; what it has already is not sent, so that traffic goes on.
void Rows::change_device(Interface& interface, Peer& peer, PeerRecord& record) {
  peer.follows_row = true;
  AllowedIpIndex& allowed_ips = interface.peers.allowed_ips();
  std::vector<kernel::PeerChange> changes;
  kernel::PeerChange& change = changes.emplace_back(install::plan(record));
  change.action = kernel::PeerChange::Action::update;
  if (allowed_ips.has_exactly(record.key, record.allowed_ips))
    change.allowed_ips.reset();
  else
    allowed_ips.assign(record.key, record.allowed_ips);
  // While it is being greeted, the keepalive is the greeting's.
  greet::GreetedPeer* const greeted =
      context_.greetings.find({.interface = interface.id, .key = record.key});
  if (greeted != nullptr) {
    context_.greetings.follow(*greeted, record.keepalive_seconds, record.is_on_trial);
  } else if (peer.keepalive_seconds != record.keepalive_seconds) {
    change.keepalive_seconds = record.keepalive_seconds;
    peer.keepalive_seconds = record.keepalive_seconds;
  }
  interface.peers.change(peer, std::move(changes));
}

// Another peer has one of the addresses that the row gives to this one. If its own row is older
// than the last change, it is asked about and makes way, as on the device; so two can exchange
// theirs.
bool Rows::resolve_overlap(Interface& interface, const PeerRecord& record) {
  AllowedIpIndex& allowed_ips = interface.peers.allowed_ips();
  while (const std::optional<PublicKey> holder =
             allowed_ips.conflict(record.key, record.allowed_ips)) {
    const Peer* const other = interface.peers.table().find(*holder);
    const bool is_stale = other != nullptr && other->owner == Owner::ours &&
                          other->looked_up_at <= interface.changed_at;
    if (!is_stale) return false;
    allowed_ips.assign(*holder, {});
    context_.revalidation.add_named({.interface = interface.id, .key = *holder});
  }
  return true;
}

bool Rows::is_held_here(const Interface& interface, const PeerRecord& record) const {
  return record.held_by->run == context_.limits.run && !context_.limits.run.empty() &&
         record.held_by->interface == interface.name;
}

// False when the peer has its session elsewhere, and leaves. One that has the later session here is
// owned anew: the device came here while no ownership could be written, or while no daemon ran; or
// this gateway's name has changed, or another one has it. What the database tells may also be our
// own session from before a restart, to the handshake: then there is nothing to tell.
bool Rows::keep_session(Interface& interface, Peer& peer, const PeerRecord& record) {
  if (!record.held_by || record.may_be_on_several_gateways || is_held_here(interface, record))
    return true;
  const bool is_older =
      peer.session.initiation && peer.session.initiation < record.newest_initiation;
  if (!peer.is_established()) {
    // It did not hear us and went on: a greeting now would take it from there.
    if (is_older)
      departures_.remove(interface, record.key, {.reason = to_string(Eviction::moved)},
                         Refusal::never_connected);
    return !is_older;
  }
  const SessionHolder& holder = *record.held_by;
  const bool has_our_names =
      holder.gateway == context_.limits.gateway && holder.interface == interface.name;
  // As after a boot, when the device was filled from a file.
  if (has_our_names && peer.last_handshake == WallTime{}) return true;
  const evict::SessionHere here{.initiation = peer.session.initiation,
                                .has_rekeyed = peer.session.has_rekeyed,
                                .last_handshake = peer.handshake_at(context_.wiring.clock())};
  if (!evict::is_latest_here(here, holder, record.newest_initiation)) {
    const bool is_namesake = holder.gateway == context_.limits.gateway &&
                             holder.run != context_.limits.run && !holder.run.empty();
    if (is_namesake)
      context_.report.has_same_name(context_.limits.gateway, context_.wiring.clock().steady);
    departures_.evict(interface, record.key, peer, Eviction::moved);
    return false;
  }
  const bool is_known = has_our_names && holder.since &&
                        here.last_handshake <= *holder.since + evict::clock_tolerance;
  if (!is_known) sessions_.own(interface, record.key, peer);
  return true;
}

// A key that the database has never heard of was put there by something else, and is left to it,
// unless the peer is ours.
void Rows::disown(Interface& interface, const PublicKey& key, TimePoint asked_at) {
  peers::PeerTable& table = interface.peers.table();
  Peer& peer = *table.find(key);
  peer.looked_up_at = asked_at;
  if (peer.owner == Owner::ours) return miss(interface, key, asked_at);
  if (peer.owner == Owner::unknown) context_.report.foreign(interface, key);
  if (peer.owner != Owner::foreign) interface.peers.allowed_ips().touch(key);
  table.set_owner(peer, Owner::foreign);
  if (interface.is_exclusive && !context_.is_another_database)
    departures_.evict(interface, key, peer, Eviction::foreign);
}

// A peer of ours had a row. A deletion would have left a tombstone; without one it is more likely
// that the database is another one than before, or an older state of it: an empty answer cuts no
// tunnel before the limit. A device on trial never had a row.
void Rows::miss(Interface& interface, const PublicKey& key, TimePoint asked_at) {
  Peer& peer = *interface.peers.table().find(key);
  const Duration limit = context_.limits.max_missing;
  const bool is_over =
      peer.missing_since && limit != Duration::zero() && asked_at - *peer.missing_since >= limit;
  if (peer.is_on_trial || is_over)
    return departures_.remove(interface, key, {.reason = to_string(Refusal::unknown_key)});
  if (!peer.missing_since) context_.report.kept(interface, key, asked_at);
  interface.peers.table().lose_row(peer, asked_at);
  count_missing_rows();
}

void Rows::count_missing_rows() {
  std::size_t missing = 0;
  for (const Interface& interface : context_.wiring.interfaces)
    missing += interface.peers.table().missing_rows();
  context_.wiring.metrics.missing_rows.set(static_cast<std::int64_t>(missing));
}

} // namespace provisiond::flow
