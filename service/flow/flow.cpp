#include "flow/flow.hpp"

#include "authenticate/mac.hpp"
#include "wire/frame.hpp"
#include "wire/messages.hpp"

#include <utility>

// The story, in the order in which a sighting lives it. What a step does in detail is in the folder
// of its stage, and what it does to a device in device_steps.cpp.

namespace provisiond::flow {

namespace {

std::span<const std::uint8_t, wire::mac_size> mac1_of(const Sighting& sighting) {
  return std::span{sighting.initiation}.subspan<wire::InitiationLayout::mac1, wire::mac_size>();
}

} // namespace

Flow::Flow(const Wiring& wiring, const Limits& limits, const Instant& now)
    : wiring_{wiring}, limits_{limits}, report_{wiring.metrics}, load_{limits.load_threshold},
      cookies_{now.steady}, resubmit_{wiring.packet_sender} {}

// Somebody knocked. Cheap checks first; what passes costs a key agreement.
void Flow::knock(const Sighting& sighting, const Instant& now) {
  const Interface& interface = interface_of(sighting.interface);
  if (!interface.is_present()) return refuse(sighting, Refusal::interface_gone, {}, now);

  if (!authenticate::has_valid_mac1(*interface.identity, sighting.initiation)) {
    return refuse(sighting, Refusal::bad_mac1, {}, now);
  }
  // They know the interface's public key.

  if (!wiring_.recent_initiations.first_seen(interface.id, mac1_of(sighting), now.steady)) {
    return refuse(sighting, Refusal::duplicate, {}, now);
  }
  // This is no copy of what we are working on, or of what we sent ourselves.

  if (const std::optional<Refusal> refusal = demand_cookie(interface, sighting, now)) {
    return refuse(sighting, *refusal, {}, now);
  }
  // Under load: they receive at the address that they send from.

  const std::optional<Refusal> over_budget =
      wiring_.source_gate.admit(sighting.source.address, now.steady);
  if (over_budget == Refusal::global_budget) load_.note_spent_budget(now.steady);
  if (over_budget) return refuse(sighting, *over_budget, {}, now);
  // Their network has not had more than its share of us.

  if (!wiring_.knocks.push(Knock{.sighting = sighting, .identity = interface.identity})) {
    return refuse(sighting, Refusal::authenticate_queue_full, {}, now);
  }
} // on an authenticate thread: flow::authenticate, in authenticators.cpp

// The key agreement is done. What passes costs a query.
void Flow::proven(const Proof& proof, const Instant& now) {
  const Sighting& sighting = proof.sighting;
  if (const Refusal* refusal = std::get_if<Refusal>(&proof.verdict)) {
    return refuse(sighting, *refusal, proof.claimed, now);
  }
  const ProvenKey& proven = std::get<ProvenKey>(proof.verdict);
  report_.progress("proven", interface_of(sighting.interface), sighting, proven.key(), now.steady);
  // They hold the private key, or did when the initiation was made.

  if (!wiring_.replay_memory.is_newer(sighting.interface, proven, now.steady)) {
    return refuse(sighting, Refusal::replayed, proven.key(), now);
  }
  // The initiation is newer than any that we have seen of this key.

  const std::optional<Refusal> refusal = wiring_.key_gate.admit(sighting, proven, now.steady);
  if (refusal) return refuse(sighting, *refusal, proven.key(), now);
  // One look-up per key is under way, and no more of them than the database is to have.

  LookupRequest request{
      .interface = sighting.interface, .key = proven.key(), .asked_at = now.steady};
  if (!wiring_.lookups.push(std::move(request))) {
    static_cast<void>(
        wiring_.key_gate.release({.interface = sighting.interface, .key = proven.key()}));
    return refuse(sighting, Refusal::lookup_queue_full, proven.key(), now);
  }
} // on a lookup thread: lookup::Pool

// The database has answered. What passes is created on the device at the next commit.
void Flow::answered(LookupAnswer answer, const Instant& now) {
  const PeerId id{.interface = answer.interface, .key = answer.key};
  const std::optional<Sighting> sighting = wiring_.key_gate.release(id);
  if (!sighting) return; // answered already
  if (const Refusal* refusal = std::get_if<Refusal>(&answer.verdict)) {
    if (*refusal != Refusal::database_unavailable) {
      wiring_.refused_keys.with(
          [&](admit::RefusedKeys& keys) { keys.remember(id, *refusal, now.steady); });
    }
    return refuse(*sighting, *refusal, answer.key, now);
  }
  PeerRecord& record = std::get<PeerRecord>(answer.verdict);
  report_.progress("found", interface_of(id.interface), *sighting, record.key, now.steady);
  // The database knows the key, for this network and for this moment.

  const std::optional<Refusal> refusal = plan(interface_of(id.interface), *sighting, record, now);
  if (refusal) return refuse(*sighting, *refusal, answer.key, now);
}

// End of the loop's turn: everything planned goes to the devices, one batch each.
void Flow::commit(const Instant& now) {
  for (std::pair<const InterfaceId, std::vector<Planned>>& entry : planned_) {
    if (entry.second.empty()) continue;
    install(interface_of(entry.first), std::exchange(entry.second, {}), now);
  }
  wiring_.metrics.greeting.set(static_cast<std::int64_t>(greeted_.size()));
}

// A pass over the device has come in: who has a session now, who never will?
void Flow::inspect(Interface& interface, std::span<const kernel::PeerState> peers,
                   const Instant& now) {
  std::vector<PublicKey> keys;
  keys.reserve(peers.size());
  for (const kernel::PeerState& peer : peers) {
    keys.push_back(peer.key);
    const GreetedPeers::iterator greeted =
        greeted_.find({.interface = interface.id, .key = peer.key});
    if (greeted == greeted_.end() || peer.last_handshake == WallTime{}) continue;
    settle(interface, greeted->second, peer.last_handshake);
    greeted_.erase(greeted);
  }
  interface.peers = peers.size();
  interface.allowed_ips.replace(peers);
  wiring_.roster.with([&](admit::Roster& roster) { roster.replace(interface.id, keys); });

  std::vector<PeerId> due;
  const evict::Limits limits{.greeting_deadline = limits_.greeting_deadline};
  for (GreetedPeers::value_type& entry : greeted_) {
    if (entry.first.interface != interface.id) continue;
    const evict::Standing standing{.installed_at = entry.second.installed_at};
    if (evict::judge(standing, limits, now.steady))
      due.push_back(entry.first);
    else
      greet_again(interface, entry.second, now);
  }
  remove_never_connected(interface, due, now);
}

void Flow::refuse(const Sighting& sighting, Refusal refusal, std::optional<PublicKey> key,
                  const Instant& now) {
  report_.refused(interface_of(sighting.interface), sighting, refusal, key, now.steady);
}

std::optional<Refusal> Flow::demand_cookie(const Interface& interface, const Sighting& sighting,
                                           const Instant& now) {
  load_.note_queue(wiring_.knocks.size(), now.steady);
  if (!limits_.demands_cookies || !load_.is_high(now.steady)) return std::nullopt;
  if (cookies_.check(sighting, now.steady) == authenticate::CookieVerdict::valid_mac2) {
    return std::nullopt;
  }
  const wire::CookieReplyBytes reply = cookies_.reply(*interface.identity, sighting, now.steady);
  const Result<std::vector<std::uint8_t>> packet =
      wire::build_udp_packet(sighting.local, sighting.source, reply);
  if (packet && wiring_.packet_sender.send(*packet, sighting.source.scope)) {
    wiring_.metrics.cookie_replies_sent.add();
  }
  return Refusal::cookie_required;
}

} // namespace provisiond::flow
