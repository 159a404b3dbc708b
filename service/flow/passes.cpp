#include "flow/passes.hpp"

#include "evict/policy.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace provisiond::flow {

using peers::Peer;
using peers::PeerTable;
using watch::Inspection;

namespace {

// Of a pass, what one turn of the loop may take: so many peers, and no more than so long, which is
// looked at after so many. A slow machine needs more turns, not longer ones.
constexpr std::ptrdiff_t slice = 1024;
constexpr Duration longest_slice = std::chrono::milliseconds{1};
constexpr std::ptrdiff_t between_looks = 32;

// Of that work, against one peer of the device that is seen: so many places of the table are so
// many, and one that is dropped or one that is greeted is so many.
constexpr std::size_t places_at_once = 64;
constexpr std::ptrdiff_t cost_of_places = 8;
constexpr std::ptrdiff_t cost_of_one = 8;

// For finding out which peer is where: a session lives for three minutes.
constexpr Duration recently = std::chrono::minutes{5};

// A device reports handshakes by the wall clock, which may be set; what we count with may not.
TimePoint steady_time_of(WallTime handshake, const Instant& now) {
  if (handshake == WallTime{}) return now.steady;
  const WallTime::duration age = now.wall - handshake;
  const Duration most = now.steady.time_since_epoch();
  return now.steady - std::clamp(std::chrono::duration_cast<Duration>(age), Duration::zero(), most);
}

bool is_inside(const std::vector<IpPrefix>& prefixes, const IpAddress& address) {
  return std::ranges::any_of(prefixes,
                             [&](const IpPrefix& prefix) { return prefix.contains(address); });
}

bool is_where_it_may_be(const Peer& peer) {
  if (!peer.endpoint) return true;
  if (!peer.allowed_sources.empty()) return is_inside(peer.allowed_sources, peer.endpoint->address);
  return !peer.first_address || *peer.first_address == peer.endpoint->address;
}

// Gateways that start together shall not report together: each has a part of `most` of its own.
Duration share_of(const std::string& gateway, Duration most) {
  constexpr std::size_t parts = 1024;
  return most * static_cast<int>(std::hash<std::string>{}(gateway) % parts) /
         static_cast<int>(parts);
}

} // namespace

void Passes::begin(Interface& interface) {
  interface.peers.table().begin_pass();
  interface.inspection = {};
  interface.inspection.step = Inspection::Step::ordered;
  interface.inspection.begun_at = context_.wiring.clock().steady;
}

void Passes::take(Interface& interface, kernel::PeerList found, const Instant& now) {
  Inspection& inspection = interface.inspection;
  if (inspection.step != Inspection::Step::ordered) return; // of a device that is gone
  inspection.peers = std::move(found.peers);
  inspection.is_complete = found.is_complete;
  inspection.step = Inspection::Step::peers;
  begin_report(interface, now);
  work_off(interface, now);
}

void Passes::go_on(const Instant& now) {
  for (Interface& interface : context_.wiring.interfaces)
    if (interface.inspection.has_work()) work_off(interface, now);
}

bool Passes::has_work() const {
  return std::ranges::any_of(context_.wiring.interfaces, [](const Interface& interface) {
    return interface.inspection.has_work();
  });
}

// A turn's work on a pass: a slice at most, in pieces, until its time is over.
void Passes::work_off(Interface& interface, const Instant& now) {
  const TimePoint end = context_.wiring.clock().steady + longest_slice;
  std::ptrdiff_t left = slice;
  while (left > 0 && interface.inspection.has_work()) {
    std::ptrdiff_t piece = between_looks;
    work_off(interface, piece, now);
    left -= between_looks - piece;
    if (context_.wiring.clock().steady >= end) return;
  }
}

// `left` is what the piece may cost; the last step of it may cost more.
void Passes::work_off(Interface& interface, std::ptrdiff_t& left, const Instant& now) {
  Inspection& inspection = interface.inspection;
  if (inspection.step == Inspection::Step::peers) see_some(interface, left, now);
  if (inspection.step == Inspection::Step::table) sweep(interface, left);
  if (inspection.step == Inspection::Step::table && inspection.rest.is_over()) end_sweep(interface);
  if (inspection.step == Inspection::Step::greeted) look_after_greeted(interface, left, now);
}

void Passes::see_some(Interface& interface, std::ptrdiff_t& left, const Instant& now) {
  Inspection& inspection = interface.inspection;
  for (; left > 0 && inspection.next < inspection.peers.size(); --left, ++inspection.next) {
    const kernel::PeerState state = std::move(inspection.peers[inspection.next]);
    if (!inspection.departed.contains({.interface = interface.id, .key = state.key}))
      see(interface, state, now);
    if (inspection.report && state.last_handshake + recently >= now.wall) {
      inspection.report->active.push_back({.key = state.key,
                                           .endpoint = state.endpoint,
                                           .last_handshake = state.last_handshake,
                                           .received_bytes = state.received_bytes,
                                           .sent_bytes = state.sent_bytes});
    }
  }
  if (inspection.next == inspection.peers.size()) begin_sweep(interface);
}

void Passes::see(Interface& interface, const kernel::PeerState& state, const Instant& now) {
  PeerTable& table = interface.peers.table();
  Peer* const known = table.find(state.key);
  Peer& peer = known == nullptr ? adopt(interface, state, now) : *known;
  table.note_seen(peer);
  if (peer.is_handed_over()) return;
  peer.received_bytes = state.received_bytes;
  peer.sent_bytes = state.sent_bytes;
  table.set_endpoint(peer, state.endpoint);
  peer.keepalive_seconds = state.keepalive_seconds;
  if (known != nullptr) note_prefixes(interface, peer, state);
  sessions_.note_handshake(interface, peer, state, now);
  judge(interface, state.key, peer, now);
}

// It was there before us, or something else put it there: the database has to say whose it is.
Peer& Passes::adopt(Interface& interface, const kernel::PeerState& state, const Instant& now) {
  const TimePoint active_at = steady_time_of(state.last_handshake, now);
  const bool has_session =
      state.last_handshake != WallTime{} && now.steady - active_at < evict::session_lifetime;
  Peer& peer = interface.peers.adopt(state, has_session ? peers::State{peers::Live{}}
                                                        : peers::State{peers::Idle{}});
  peer.active_at = active_at;
  peer.watched_since = now.steady;
  peer.last_handshake = state.last_handshake;
  if (state.endpoint) peer.first_address = state.endpoint->address;
  context_.revalidation.add({.interface = interface.id, .key = state.key});
  return peer;
}

// Something else has given it other addresses: the row counts.
void Passes::note_prefixes(Interface& interface, const Peer& peer, const kernel::PeerState& state) {
  AllowedIpIndex& allowed_ips = interface.peers.allowed_ips();
  if (interface.peers.table().is_changed(peer)) return;
  if (allowed_ips.has_exactly(state.key, state.allowed_ips)) return;
  allowed_ips.assign(state.key, state.allowed_ips);
  if (peer.owner == peers::Owner::ours && !peer.is_on_trial)
    context_.revalidation.add({.interface = interface.id, .key = state.key});
}

// The row of a peer that has none may come without a change that tells of it: a restored dump
// brings rows before triggers. What a device has refused it may take later.
void Passes::ask_again(const Interface& interface, const PublicKey& key, const Peer& peer,
                       const Instant& now) {
  constexpr Duration between_questions = std::chrono::minutes{1};
  constexpr Duration between_attempts = std::chrono::seconds{5};
  const Duration since = now.steady - peer.looked_up_at;
  const bool is_over = peer.missing_since && context_.limits.max_missing != Duration::zero() &&
                       now.steady - *peer.missing_since >= context_.limits.max_missing;
  const bool is_missing_still = peer.missing_since && since >= between_questions;
  const bool is_behind = !peer.follows_row && since >= between_attempts;
  if (is_over || is_missing_still || is_behind)
    context_.revalidation.add({.interface = interface.id, .key = key});
}

// Idle eviction needs two passes that agree, so that a peer that was just coming back stays.
void Passes::judge(Interface& interface, const PublicKey& key, Peer& peer, const Instant& now) {
  if (!peer.is_established() || peer.owner != peers::Owner::ours || peer.is_on_trial) return;
  ask_again(interface, key, peer, now);
  const evict::Standing standing{.active_at = peer.active_at,
                                 .watched_since = peer.watched_since,
                                 .expires_at = peer.expires_at,
                                 .idle_timeout = peer.idle_timeout,
                                 .may_roam = peer.may_roam,
                                 .is_at_home = is_where_it_may_be(peer)};
  const std::optional<Eviction> reason =
      evict::judge(standing, {.idle_timeout = context_.limits.idle_timeout}, now);
  if (!reason) return;
  if (*reason != Eviction::idle) return departures_.evict(interface, key, peer, *reason);
  if (peer.missing_since) return; // it could not come back
  const peers::Idle* const idle = std::get_if<peers::Idle>(&peer.state);
  if (idle != nullptr && !idle->is_suspect)
    interface.peers.table().advance(peer, peers::Idle{.is_suspect = true});
  else if (idle != nullptr)
    departures_.evict(interface, key, peer, Eviction::idle);
}

void Passes::begin_report(Interface& interface, const Instant& now) {
  if (interface.is_dry_run || !interface.is_present() || now.steady < interface.report_due) return;
  const Duration interval = context_.limits.report_interval;
  const bool is_first = interface.report_due == TimePoint{};
  interface.report_due = now.steady + interval;
  if (is_first) interface.report_due -= share_of(context_.limits.gateway, interval / 2);
  interface.inspection.report = InterfaceReport{.interface = interface.id,
                                                .name = interface.name,
                                                .key = interface.identity->public_key(),
                                                .position = {},
                                                .peers = 0,
                                                .active = {}};
}

void Passes::begin_sweep(Interface& interface) {
  const PeerTable& table = interface.peers.table();
  Inspection& inspection = interface.inspection;
  inspection.step = Inspection::Step::table;
  inspection.rest = table.walk();
  inspection.seeks_candidates = table.size() + interface.max_peers / 16 >= interface.max_peers;
}

// A peer that the device did not tell of has left it, if it told of all. Only a peer that it told
// of can make room for another one: of others it is not known whether they have a session by now.
void Passes::sweep(Interface& interface, std::ptrdiff_t& left) {
  PeerTable& table = interface.peers.table();
  Inspection& inspection = interface.inspection;
  while (left > 0 && !inspection.rest.is_over()) {
    std::vector<PublicKey> unseen;
    for (const PeerTable::Entries::value_type* entry :
         table.step(inspection.rest, places_at_once)) {
      const auto& [key, peer] = *entry;
      if (!table.is_seen(peer))
        unseen.push_back(key);
      else if (inspection.seeks_candidates && peer.stage() == PeerStage::idle &&
               peer.owner == peers::Owner::ours)
        interface.candidate_search.note(
            {.is_evicted_last = peer.is_evicted_last, .active_at = peer.active_at, .key = key});
    }
    for (const PublicKey& key : unseen)
      sweep_peer(interface, key);
    left -= cost_of_places + cost_of_one * std::ssize(unseen);
  }
}

// Of a peer that the device has not acknowledged, or whose removal is on the way, its answer tells.
void Passes::sweep_peer(Interface& interface, const PublicKey& key) {
  Peer& peer = *interface.peers.table().find(key);
  if (peer.stage() == PeerStage::installing || peer.is_handed_over()) return;
  const bool may_be_there = !interface.inspection.is_complete && !PeerTable::note_missed(peer);
  if (!may_be_there) departures_.note_gone(interface, key);
}

void Passes::end_sweep(Interface& interface) {
  Inspection& inspection = interface.inspection;
  const Interface::Known told =
      inspection.is_complete ? Interface::Known::all : Interface::Known::some;
  interface.known = std::max(interface.known, told);
  if (inspection.report) {
    inspection.report->peers = interface.peers.table().size();
    inspection.report->position = context_.revalidation.applied_position();
    context_.wiring.reports.push(std::move(*inspection.report));
  }
  interface.candidates.replace(interface.candidate_search.take());
  inspection.greeted = context_.greetings.keys_of(interface.id);
  inspection.step = Inspection::Step::greeted;
}

// A peer that had no session when the pass began is greeted again, or leaves at its deadline. Of a
// peer that the pass does not show nothing is known, so it is left to the next pass.
void Passes::look_after_greeted(Interface& interface, std::ptrdiff_t& left, const Instant& now) {
  const PeerTable& table = interface.peers.table();
  Inspection& inspection = interface.inspection;
  while (left > 0 && !inspection.greeted.empty()) {
    const PublicKey key = inspection.greeted.back();
    inspection.greeted.pop_back();
    left -= cost_of_one;
    const Peer* const peer = table.find(key);
    if (peer != nullptr && table.is_seen(*peer))
      installs_.look_after(interface, key, inspection.begun_at, now);
  }
  if (!inspection.greeted.empty()) return;
  inspection = {};
  departures_.keep_to_limit(interface);
  count_peers();
}

void Passes::count_peers() {
  metrics::Metrics& metrics = context_.wiring.metrics;
  std::size_t all = 0;
  std::size_t foreign = 0;
  for (std::size_t index = 0; index < peer_stage_names.size(); ++index) {
    const PeerStage stage = static_cast<PeerStage>(index);
    std::size_t count = 0;
    for (const Interface& interface : context_.wiring.interfaces)
      count += interface.peers.table().count(stage);
    metrics.peer_stages[stage].set(static_cast<std::int64_t>(count));
    all += count;
  }
  for (const Interface& interface : context_.wiring.interfaces)
    foreign += interface.peers.table().count(peers::Owner::foreign);
  metrics.peers.set(static_cast<std::int64_t>(all));
  metrics.foreign_peers.set(static_cast<std::int64_t>(foreign));
}

} // namespace provisiond::flow
