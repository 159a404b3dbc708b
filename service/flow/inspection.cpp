#include "flow/flow.hpp"

#include <algorithm>
#include <utility>

// What a pass over a device tells: who has a session now, who never will, who is there that we did
// not put there, and who has been quiet for too long.

namespace provisiond::flow {

namespace {

// Peers looked at in one turn of the loop: about a millisecond.
constexpr std::size_t slice = 1024;

// For whoever looks who is where: a session lives for three minutes.
constexpr Duration lately = std::chrono::minutes{5};

// The device has told its peers, and they are not worked off yet.
bool has_work(const Inspection& inspection) {
  return inspection.step != Inspection::Step::none && inspection.step != Inspection::Step::ordered;
}

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

// A handshake saves a peer that was to leave for want of use or room, and no other.
bool may_stay(const Peer& peer) {
  return !peer.leaves_for || *peer.leaves_for == Eviction::idle ||
         *peer.leaves_for == Eviction::over_limit;
}

bool is_at_home(const Peer& peer) {
  if (!peer.endpoint) return true;
  if (!peer.allowed_sources.empty()) return is_inside(peer.allowed_sources, peer.endpoint->address);
  return !peer.home || *peer.home == peer.endpoint->address;
}

} // namespace

void Flow::begin_pass(Interface& interface) {
  interface.peers.begin_pass();
  interface.inspection = {};
  interface.inspection.step = Inspection::Step::ordered;
  interface.inspection.begun_at = wiring_.clock().steady;
}

void Flow::inspect(Interface& interface, kernel::PeerList found, const Instant& now) {
  Inspection& inspection = interface.inspection;
  if (inspection.step != Inspection::Step::ordered) return; // of a device that is gone
  inspection.peers = std::move(found.peers);
  inspection.is_complete = found.is_complete;
  inspection.step = Inspection::Step::peers;
  begin_report(interface, now);
  inspect_slice(interface, now);
}

void Flow::inspect_more(const Instant& now) {
  for (Interface& interface : wiring_.interfaces)
    if (has_work(interface.inspection)) inspect_slice(interface, now);
}

bool Flow::has_inspections() const {
  return std::ranges::any_of(wiring_.interfaces, [](const Interface& interface) {
    return has_work(interface.inspection);
  });
}

void Flow::inspect_slice(Interface& interface, const Instant& now) {
  std::size_t left = slice;
  Inspection& inspection = interface.inspection;
  if (inspection.step == Inspection::Step::peers) see_some(interface, left, now);
  if (inspection.step == Inspection::Step::table) take_stock(interface, left);
  if (inspection.step == Inspection::Step::table && inspection.rest.is_over()) end_stock(interface);
  if (inspection.step == Inspection::Step::greeted) look_after_greeted(interface, left, now);
}

void Flow::see_some(Interface& interface, std::size_t& left, const Instant& now) {
  Inspection& inspection = interface.inspection;
  for (; left > 0 && inspection.next < inspection.peers.size(); --left, ++inspection.next) {
    const kernel::PeerState state = std::move(inspection.peers[inspection.next]);
    if (!inspection.departed.contains(state.key)) seen(interface, state, now);
    if (inspection.report && state.last_handshake + lately >= now.wall) {
      inspection.report->active.push_back({.key = state.key,
                                           .endpoint = state.endpoint,
                                           .last_handshake = state.last_handshake,
                                           .received_bytes = state.received_bytes,
                                           .sent_bytes = state.sent_bytes});
    }
  }
  if (inspection.next == inspection.peers.size()) begin_stock(interface);
}

void Flow::seen(Interface& interface, const kernel::PeerState& state, const Instant& now) {
  Peer* const known = interface.peers.find(state.key);
  Peer& peer = known == nullptr ? found(interface, state, now) : *known;
  interface.peers.note_seen(peer);
  peer.received_bytes = state.received_bytes;
  peer.sent_bytes = state.sent_bytes;
  interface.peers.set_endpoint(peer, state.endpoint);
  peer.keepalive_seconds = state.keepalive_seconds;
  if (known != nullptr) note_prefixes(interface, peer, state);
  note_handshake(interface, peer, state, now);
  if (interface.peers.find(state.key) == nullptr) return; // its session has ended its trial
  judge(interface, state.key, peer, now);
}

// It was there before us, or somebody else put it there: the database has to say whose it is.
Peer& Flow::found(Interface& interface, const kernel::PeerState& state, const Instant& now) {
  const PeerId id{.interface = interface.id, .key = state.key};
  const TimePoint active_at = steady_time_of(state.last_handshake, now);
  const bool has_session =
      state.last_handshake != WallTime{} && now.steady - active_at < evict::session_lifetime;
  Peer& peer = interface.peers.add(state.key, has_session ? PeerStage::live : PeerStage::idle);
  peer.active_at = active_at;
  peer.watched_since = now.steady;
  peer.last_handshake = state.last_handshake;
  if (state.endpoint) peer.home = state.endpoint->address;
  interface.allowed_ips.assign(state.key, state.allowed_ips);
  wiring_.roster.with([&](admit::Roster& roster) { roster.add(id); });
  to_recheck_.add(id);
  return peer;
}

void Flow::note_handshake(Interface& interface, Peer& peer, const kernel::PeerState& state,
                          const Instant& now) {
  const bool is_new =
      state.last_handshake != WallTime{} && state.last_handshake != peer.last_handshake;
  if (is_new) {
    peer.last_handshake = state.last_handshake;
    peer.active_at = now.steady;
  }
  switch (peer.stage) {
  case PeerStage::installing:
    break;
  case PeerStage::greeting:
    if (is_new) settle(interface, state.key, state, now);
    break;
  case PeerStage::live:
    peer.has_rekeyed = peer.has_rekeyed || is_new;
    if (now.steady - peer.active_at >= evict::session_lifetime)
      interface.peers.advance(peer, PeerStage::idle);
    break;
  case PeerStage::idle:
  case PeerStage::leaving:
    if (is_new && may_stay(peer)) come_back(interface, state.key, peer);
    break;
  }
}

// It has a session again. The device has answered it by itself, so we know no initiation; it may
// have been on another gateway meanwhile.
void Flow::come_back(Interface& interface, const PublicKey& key, Peer& peer) {
  interface.peers.advance(peer, PeerStage::live);
  peer.leaves_for.reset();
  if (peer.owner != Owner::ours || peer.is_on_trial) return;
  peer.initiation.reset();
  claim_session(interface, key, peer);
}

// Somebody else has given it other addresses: the row counts.
void Flow::note_prefixes(Interface& interface, const Peer& peer, const kernel::PeerState& state) {
  if (interface.peers.is_changed(peer)) return;
  if (interface.allowed_ips.has_exactly(state.key, state.allowed_ips)) return;
  interface.allowed_ips.assign(state.key, state.allowed_ips);
  if (peer.owner == Owner::ours && !peer.is_on_trial)
    to_recheck_.add({.interface = interface.id, .key = state.key});
}

// Its row may come without a change that tells of it: a restored dump brings rows before triggers.
void Flow::ask_about_missing(const Interface& interface, const PublicKey& key, const Peer& peer,
                             const Instant& now) {
  constexpr Duration between_questions = std::chrono::minutes{1};
  const bool is_over = limits_.max_missing != Duration::zero() &&
                       now.steady - *peer.missing_since >= limits_.max_missing;
  if (is_over || now.steady - peer.row_asked_at >= between_questions)
    to_recheck_.add({.interface = interface.id, .key = key});
}

// Of what is not urgent a peer is convicted twice, so that one that was just coming back stays.
void Flow::judge(Interface& interface, const PublicKey& key, Peer& peer, const Instant& now) {
  if (!PeerTable::is_settled(peer.stage) || peer.owner != Owner::ours || peer.is_on_trial) return;
  if (peer.missing_since) ask_about_missing(interface, key, peer, now);
  const evict::Standing standing{.active_at = peer.active_at,
                                 .watched_since = peer.watched_since,
                                 .expires_at = peer.expires_at,
                                 .idle_timeout = peer.idle_timeout,
                                 .may_roam = peer.may_roam,
                                 .is_at_home = is_at_home(peer)};
  const std::optional<Eviction> reason =
      evict::judge(standing, {.idle_timeout = limits_.idle_timeout}, now);
  if (!reason) return;
  if (*reason == Eviction::idle && peer.missing_since) return; // it could not come back
  if (*reason != Eviction::idle || peer.stage == PeerStage::leaving)
    depart(interface, key, peer, *reason);
  else
    interface.peers.advance(peer, PeerStage::leaving);
}

} // namespace provisiond::flow
