#include "flow/installs.hpp"

#include "base/fault_point.hpp"
#include "install/plan.hpp"
#include "wire/tai64n.hpp"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>
#include <vector>

namespace provisiond::flow {

namespace {

// As the database writes it down: what the device of a clock that is ahead says is compared with
// it.
std::optional<Tai64n> credible_initiation(const Sighting& sighting) {
  constexpr Duration most_ahead = std::chrono::seconds{10};
  if (!sighting.timestamp) return std::nullopt;
  return std::min(*sighting.timestamp, wire::to_tai64n(sighting.seen_at_wall + most_ahead));
}

} // namespace

greet::Plan Installs::greeting_for(const Interface& interface, const PeerRecord& record) const {
  return {.mode = interface.greeting,
          .may_be_elsewhere = record.held_by && record.held_by->gateway != context_.limits.gateway,
          .is_on_trial = record.is_on_trial,
          .keepalive_seconds = record.keepalive_seconds};
}

std::optional<Refusal> Installs::foresee(const Interface& interface, const Sighting& sighting,
                                         const PeerRecord& record, const Instant& now) const {
  const peers::PeerTable& table = interface.peers.table();
  if (!interface.is_present()) return Refusal::interface_gone;
  if (table.find(record.key) != nullptr) return Refusal::already_installed;
  const bool is_full = table.size() - table.handed_over() >= interface.max_peers;
  if (is_full && interface.candidates.is_empty()) return Refusal::interface_full;
  const std::optional<PublicKey> holder =
      interface.peers.allowed_ips().conflict(record.key, record.allowed_ips);
  const peers::Peer* const other = holder ? table.find(*holder) : nullptr;
  const bool is_same_device =
      other != nullptr && other->peer_id != 0 && other->peer_id == record.id;
  if (holder && !is_same_device) return Refusal::allowed_ip_conflict;
  return context_.greetings.foresee(sighting, greeting_for(interface, record), now.steady);
}

std::optional<Refusal> Installs::plan(Interface& interface, const Sighting& sighting,
                                      PeerRecord& record, TimePoint asked_at, const Instant& now) {
  if (!interface.is_present()) return Refusal::interface_gone;
  if (interface.peers.table().find(record.key) != nullptr) return Refusal::already_installed;
  if (!departures_.evict_for_room(interface)) return Refusal::interface_full;
  if (!resolve_rotation(interface, record)) return Refusal::allowed_ip_conflict;
  std::vector<kernel::PeerChange> changes;
  changes.push_back(install::plan(record));
  const std::optional<Refusal> refusal =
      context_.greetings.plan({.interface = interface.id, .key = record.key}, sighting,
                              greeting_for(interface, record), changes, now.steady);
  if (refusal) return refusal;

  peers::Peer& peer = interface.peers.install(record.key, record.allowed_ips, std::move(changes));
  peer.active_at = now.steady;
  peer.watched_since = now.steady;
  interface.peers.table().set_endpoint(peer, sighting.source);
  peer.follow(record);
  peer.looked_up_at = asked_at;
  peer.session.initiation = credible_initiation(sighting);
  return std::nullopt;
}

// While a key is rotated, the device has two, and the one that came last has its addresses.
bool Installs::resolve_rotation(Interface& interface, const PeerRecord& record) {
  while (const std::optional<PublicKey> holder =
             interface.peers.allowed_ips().conflict(record.key, record.allowed_ips)) {
    const peers::Peer* const peer = interface.peers.table().find(*holder);
    const bool is_same_device = peer != nullptr && peer->peer_id != 0 && peer->peer_id == record.id;
    if (!is_same_device || peer->stage() == PeerStage::installing) return false;
    departures_.remove(interface, *holder, {.reason = "key_rotated"});
  }
  return true;
}

void Installs::installed(Interface& interface, const PublicKey& key, const Instant& now) {
  const PeerId id{.interface = interface.id, .key = key};
  interface.peers.table().find(key)->installed_at = now.steady;
  if (context_.recent_evictions.was_premature(id, now.steady))
    context_.wiring.metrics.premature_evictions.add();
  greet::GreetedPeer& greeted = *context_.greetings.find(id);
  if (greeted.is_on_trial)
    context_.report.installed_on_trial(interface, greeted.sighting, key, now.steady);
  else
    context_.report.installed(interface, greeted.sighting, key, now.steady);
  if (!greeted.is_on_trial) context_.last_words.note(id, "installed", "", now.steady);
  const Status begun = context_.greetings.begin(greeted, now.steady);
  fault_point("after-greeting");
  if (begun) return;
  context_.report.device_errors(interface, std::span{&begun, 1});
  greet_again(interface, greeted, now);
}

void Installs::refused(Interface& interface, const PublicKey& key, const Error& error,
                       const Instant& now) {
  const std::optional<greet::GreetedPeer> greeted =
      context_.greetings.end({.interface = interface.id, .key = key});
  if (!greeted) return;
  const bool is_gone = peers::verdict_on(error) == peers::Verdict::gone;
  context_.refuse(greeted->sighting, is_gone ? Refusal::interface_gone : Refusal::device_refused,
                  key, now);
}

void Installs::look_after(Interface& interface, const PublicKey& key, TimePoint as_of,
                          const Instant& now) {
  greet::GreetedPeer* const greeted =
      context_.greetings.find({.interface = interface.id, .key = key});
  if (greeted == nullptr || !greeted->installed_at) return;
  if (context_.greetings.is_over(*greeted, as_of))
    give_up(interface, key, now);
  else if (as_of >= greeted->greet_again_at)
    greet_again(interface, *greeted, now);
}

void Installs::greet_again(Interface& interface, greet::GreetedPeer& greeted, const Instant& now) {
  const unsigned before = greeted.greetings;
  std::vector<kernel::PeerChange> changes = context_.greetings.prepare_again(greeted, now.steady);
  if (greeted.greetings == before) return;
  if (!changes.empty())
    interface.peers.change(*interface.peers.table().find(greeted.policy.key), std::move(changes));
  const Status started = context_.greetings.start(greeted);
  if (!started) context_.report.device_errors(interface, std::span{&started, 1});
}

// It does not hold the enrolment key, was not reached, or its sender holds a recording.
void Installs::give_up(Interface& interface, const PublicKey& key, const Instant& now) {
  const PeerId id{.interface = interface.id, .key = key};
  const greet::GreetedPeer& greeted = *context_.greetings.find(id);
  const Refusal refusal = greeted.is_on_trial ? Refusal::trial_failed : Refusal::never_connected;
  // A key that was only claimed is never remembered: any sender can claim it.
  if (refusal == Refusal::trial_failed && greeted.sighting.has_initiation()) {
    context_.remember(id, refusal, now);
    context_.record(greeted.sighting, key, refusal);
  }
  departures_.remove(interface, key,
                     {.reason = to_string(refusal), .log = peers::Departure::Log::count}, refusal);
}

} // namespace provisiond::flow
