#include "flow/first_contact.hpp"

#include "authenticate/mac.hpp"
#include "base/log.hpp"
#include "wire/messages.hpp"
#include "wire/tai64n.hpp"

#include <algorithm>
#include <span>
#include <variant>

// The story, in the order in which a sighting lives it. What a step does in detail is in the folder
// of its stage.

namespace provisiond::flow {

namespace {

// A device whose clock was ahead is locked out for this long at most once it is right again.
constexpr Duration credible_future = std::chrono::minutes{10};

// Refusals of initiations that the kernel keeps to itself.
bool only_capture_sees(Refusal refusal) {
  return refusal == Refusal::already_installed || refusal == Refusal::known_refused ||
         refusal == Refusal::undecryptable_static;
}

bool is_allowed(const PeerRecord& record, const IpAddress& source) {
  return record.allowed_sources.empty() ||
         std::ranges::any_of(record.allowed_sources,
                             [&](const IpPrefix& prefix) { return prefix.contains(source); });
}

std::span<const std::uint8_t, wire::mac_size> mac1_of(const Sighting& sighting) {
  return std::span{sighting.initiation}.subspan<wire::InitiationLayout::mac1, wire::mac_size>();
}

} // namespace

// A handshake begins. Cheap checks first; what passes costs a key agreement.
void FirstContact::knock(const Sighting& sighting, const Instant& now) {
  if (sighting.is_redirected) return knock_redirected(sighting, now);
  knock_at_interface(sighting, now);
}

void FirstContact::knock_at_interface(const Sighting& sighting, const Instant& now) {
  // Before anything remembers it: the next try after the end of the drain is a first one.
  if (is_draining_) return context_.refuse(sighting, Refusal::draining, {}, now);
  const Interface& interface = context_.interface_of(sighting.interface);
  if (!interface.is_served()) return context_.refuse(sighting, Refusal::interface_gone, {}, now);

  if (!sighting.has_initiation()) {
    if (sighting.claimed) return claimed(sighting, *sighting.claimed, now);
    return context_.refuse(sighting, Refusal::undecryptable_static, {}, now);
  }
  if (sighting.mac_state == MacState::unchecked &&
      !authenticate::has_valid_mac1(*interface.identity, sighting.initiation)) {
    return context_.refuse(sighting, Refusal::bad_mac1, {}, now);
  }
  // The sender knows the interface's public key.

  if (interface.cross_check) context_.wiring.cross_check.note(sighting, now.steady);
  if (!context_.wiring.recent_initiations.first_seen(interface.id, mac1_of(sighting), now.steady)) {
    return context_.refuse(sighting, Refusal::duplicate, {}, now);
  }
  // This is no copy of what we are working on, or of what we sent ourselves.

  if (const std::optional<Refusal> refusal = admission_.recall(interface, sighting, now)) {
    return context_.refuse(sighting, *refusal, sighting.claimed->key, now);
  }
  // If the kernel told us the key, it is none that needs no proof.

  if (const std::optional<Refusal> refusal = admission_.admit(interface, sighting, now)) {
    context_.refuse(sighting, *refusal, {}, now);
    if (!admission_.passes_in_dry_run(interface, now)) return;
  }
  // The sender receives at the address that it sends from, or what an unproven one may cost is not
  // used up; and its network has not had more than its share of us.

  if (!context_.wiring.handshakes.push({.sighting = sighting, .identity = interface.identity})) {
    return context_.refuse(sighting, Refusal::authenticate_queue_full, {}, now);
  }
} // on an authenticate thread: flow::authenticate, in authenticators.cpp

// An initiation that the firewall redirects from another port to an interface's. Which interface is
// meant, only mac1 tells. Two with one key are one gateway to the client, so the first will do.
// From here on it is as if it had come to the interface's own port: what is answered from there the
// kernel translates back.
void FirstContact::knock_redirected(const Sighting& sighting, const Instant& now) {
  const std::vector<Interface>& interfaces = context_.wiring.interfaces;
  const std::vector<Interface>::const_iterator meant =
      std::ranges::find_if(interfaces, [&](const Interface& interface) {
        return interface.is_present() && interface.listen_port != 0 &&
               authenticate::has_valid_mac1(*interface.identity, sighting.initiation);
      });
  metrics::Metrics& metrics = context_.wiring.metrics;
  if (meant == interfaces.end())
    return metrics.sighting_drops[metrics::SightingDrop::unwatched_port].add();
  metrics.sightings[sighting.seen_by].add();
  Sighting found = sighting;
  found.interface = meant->id;
  found.local.port = meant->listen_port;
  knock_at_interface(found, now);
}

// Only the key is known: nothing can be proven, so nothing is remembered of it, and the budget is
// the claims' own. What passes costs a query.
void FirstContact::claimed(const Sighting& sighting, const ClaimedKey& claim, const Instant& now) {
  const Interface& interface = context_.interface_of(sighting.interface);
  if (const std::optional<Refusal> refusal = admission_.recall(interface, sighting, now)) {
    return context_.refuse(sighting, *refusal, claim.key, now);
  }
  // It is no key that is on the device or was refused a moment ago.

  if (const std::optional<Refusal> refusal = admission_.admit_unproven(sighting, now)) {
    return context_.refuse(sighting, *refusal, claim.key, now);
  }
  // Its network has not had more than its share of us.

  const PeerId id{.interface = sighting.interface, .key = claim.key};
  if (const std::optional<Refusal> stranger = context_.wiring.known_key_gate.admit(id, sighting)) {
    return context_.refuse(sighting, *stranger, claim.key, now);
  }
  // The database may know it.

  admit::ClaimGate& gate = context_.wiring.claim_gate;
  const std::optional<Refusal> refusal = gate.admit(sighting, claim, now.steady);
  if (refusal) return context_.refuse(sighting, *refusal, claim.key, now);
  // Nor has it claimed this key too often.

  if (!context_.ask(LookupPurpose::claimed, id, now)) {
    static_cast<void>(gate.release(id));
    return context_.refuse(sighting, Refusal::lookup_queue_full, claim.key, now);
  }
} // on a lookup thread: lookup::Pool

// The key agreement is done. What passes costs a query.
void FirstContact::proven(const Authenticated& result, const Instant& now) {
  const Sighting& sighting = result.sighting;
  if (const Refusal* refusal = std::get_if<Refusal>(&result.verdict)) {
    if (only_capture_sees(*refusal)) context_.wiring.cross_check.excuse(sighting);
    return context_.refuse(sighting, *refusal, result.claimed, now);
  }
  const ProvenKey& proven = std::get<ProvenKey>(result.verdict);
  context_.report.progress("proven", context_.interface_of(sighting.interface), sighting,
                           proven.key(), now.steady);
  // The client holds the private key, or did when the initiation was made.

  const Tai64n latest = wire::to_tai64n(now.wall + credible_future);
  if (!context_.wiring.replay_memory.is_newer(sighting.interface, proven, latest, now.steady)) {
    return context_.refuse(sighting, Refusal::replayed, proven.key(), now);
  }
  // The initiation is newer than any that we have seen of this key.

  admit::KeyGate& gate = context_.wiring.key_gate;
  const std::optional<Refusal> refusal = gate.admit(sighting, proven, now.steady);
  if (refusal) return context_.refuse(sighting, *refusal, proven.key(), now);
  // One look-up per key is under way, and no more of them than the database is to have.

  const PeerId id{.interface = sighting.interface, .key = proven.key()};
  if (!context_.ask(LookupPurpose::proven, id, now)) {
    static_cast<void>(gate.release(id));
    return context_.refuse(sighting, Refusal::lookup_queue_full, proven.key(), now);
  }
} // on a lookup thread: lookup::Pool

// The database has answered, or nothing has in time. What passes is created on the device at the
// next commit.
void FirstContact::answered(LookupAnswer& answer, const Instant& now) {
  const PeerId id{.interface = answer.interface, .key = answer.key};
  const bool is_proven = answer.purpose == LookupPurpose::proven;
  const std::optional<Sighting> sighting =
      is_proven ? context_.wiring.key_gate.release(id) : context_.wiring.claim_gate.release(id);
  if (!sighting) return; // answered already
  if (is_proven) waiting_.forget(id);
  if (const Refusal* refusal = std::get_if<Refusal>(&answer.verdict))
    return refused(answer, *sighting, *refusal, now);
  found(context_.interface_of(id.interface), *sighting, std::get<PeerRecord>(answer.verdict),
        answer.asked_at, now);
}

// What was asked before a change that we have heard of may be stale: it is not remembered.
void FirstContact::refused(const LookupAnswer& answer, const Sighting& sighting, Refusal refusal,
                           const Instant& now) {
  const PeerId id{.interface = answer.interface, .key = answer.key};
  const bool is_stale = answer.asked_at <= context_.interface_of(id.interface).changed_at;
  const bool is_proven = answer.purpose == LookupPurpose::proven;
  if (is_proven && !is_stale && !is_of_the_database(refusal)) {
    context_.remember(id, refusal, now);
    context_.record(sighting, id.key, refusal);
  }
  if (is_proven && refusal == Refusal::database_unavailable) waiting_.add(id, sighting);
  context_.refuse(sighting, refusal, id.key, now);
}

// Its next handshake is cheaper, and no stranger's.
void FirstContact::note_peer(const Interface& interface, const PublicKey& key) {
  context_.wiring.known_key_gate.note_peer({.interface = interface.id, .key = key});
  if (!interface.is_present()) return;
  interface.identity->shared_secrets().with(
      [&](authenticate::SharedSecrets& secrets) { secrets.keep(key); });
}

void FirstContact::found(Interface& interface, const Sighting& sighting, PeerRecord& record,
                         TimePoint asked_at, const Instant& now) {
  const PublicKey key = record.key;
  context_.report.progress("found", interface, sighting, key, now.steady);
  // The database knows the key, for this network and for this moment, or takes it on trial.
  if (!record.is_on_trial) note_peer(interface, key);

  if (!is_allowed(record, sighting.source.address)) {
    return context_.refuse(sighting, Refusal::source_not_allowed, key, now);
  }
  // The client is where the administrator expects it.

  if (sighting.timestamp && record.newest_initiation &&
      *sighting.timestamp <= *record.newest_initiation) {
    return context_.refuse(sighting, Refusal::replayed, key, now);
  }
  // Nor has another gateway, or this one before it was started, had the initiation already.

  if (interface.is_dry_run) return rehearse(interface, sighting, record, now);
  if (record.is_on_trial) {
    const std::optional<Refusal> over_budget = context_.greetings.admit_trial(now.steady);
    if (over_budget) return context_.refuse(sighting, *over_budget, key, now);
  }
  const std::optional<Refusal> refusal = installs_.plan(interface, sighting, record, asked_at, now);
  if (refusal) return context_.refuse(sighting, *refusal, key, now);
  if (asked_at <= interface.changed_at)
    context_.revalidation.add({.interface = interface.id, .key = key});
}

// The end of a dry run's sighting.
void FirstContact::rehearse(const Interface& interface, const Sighting& sighting,
                            const PeerRecord& record, const Instant& now) {
  const std::optional<Refusal> refusal = installs_.foresee(interface, sighting, record, now);
  if (refusal) return context_.refuse(sighting, *refusal, record.key, now);
  context_.report.would_be_installed(interface, sighting, record.key, now.steady);
  if (record.is_on_trial) return;
  context_.last_words.note({.interface = interface.id, .key = record.key}, "would be installed", "",
                           now.steady);
}

// Each of them has ended in a refusal already, so what does not fit is left to the next knock.
void FirstContact::resume_waiting(const Instant& now) {
  for (const WaitingKeys::Waiting& waiting : waiting_.take(now.steady)) {
    if (!context_.wiring.key_gate.resume(waiting.id, waiting.sighting, now.steady)) continue;
    if (context_.ask(LookupPurpose::proven, waiting.id, now))
      context_.wiring.metrics.lookups_resumed.add();
    else
      static_cast<void>(context_.wiring.key_gate.release(waiting.id));
  }
}

void FirstContact::drain() {
  if (is_draining_) return;
  is_draining_ = true;
  context_.wiring.metrics.draining.set(1);
  log::info("draining, nobody new is let in until resumed or restarted");
}

void FirstContact::resume() {
  if (!is_draining_) return;
  is_draining_ = false;
  context_.wiring.metrics.draining.set(0);
  log::info("resumed, new peers are let in");
}

} // namespace provisiond::flow
