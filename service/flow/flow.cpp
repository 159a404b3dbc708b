#include "flow/flow.hpp"

#include "authenticate/mac.hpp"
#include "wire/frame.hpp"
#include "wire/messages.hpp"
#include "wire/tai64n.hpp"

#include <algorithm>
#include <utility>

// The story, in the order in which a sighting lives it. What a step does in detail is in the folder
// of its stage, and what it does to a device in device_steps.cpp.

namespace provisiond::flow {

namespace {

constexpr std::size_t remembered_evictions = 65'536;

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

Flow::Flow(const Wiring& wiring, const Limits& limits, const Instant& now)
    : wiring_{wiring}, limits_{limits}, report_{wiring.metrics}, load_{limits.load_threshold},
      cookies_{now.steady}, resubmit_{wiring.packet_sender}, evicted_{remembered_evictions} {}

// Somebody knocked. Cheap checks first; what passes costs a key agreement.
void Flow::knock(const Sighting& sighting, const Instant& now) {
  if (sighting.is_redirected) return redirected(sighting, now);
  knock_at_interface(sighting, now);
}

void Flow::knock_at_interface(const Sighting& sighting, const Instant& now) {
  // Before anything remembers it: the next try after the end of the drain is a first one.
  if (is_draining_) return refuse(sighting, Refusal::draining, {}, now);
  const Interface& interface = interface_of(sighting.interface);
  if (!interface.is_present()) return refuse(sighting, Refusal::interface_gone, {}, now);

  if (!sighting.has_initiation()) {
    if (sighting.claimed) return claimed(sighting, *sighting.claimed, now);
    return refuse(sighting, Refusal::undecryptable_static, {}, now);
  }
  if (sighting.mac_state == MacState::unchecked &&
      !authenticate::has_valid_mac1(*interface.identity, sighting.initiation)) {
    return refuse(sighting, Refusal::bad_mac1, {}, now);
  }
  // They know the interface's public key.

  if (interface.cross_check) wiring_.cross_check.note(sighting, now.steady);
  if (!wiring_.recent_initiations.first_seen(interface.id, mac1_of(sighting), now.steady)) {
    return refuse(sighting, Refusal::duplicate, {}, now);
  }
  // This is no copy of what we are working on, or of what we sent ourselves.

  if (const std::optional<Refusal> refusal = recall(interface, sighting, now)) {
    return refuse(sighting, *refusal, sighting.claimed->key, now);
  }
  // If the kernel told us the key, it is none that needs no proof.

  if (const std::optional<Refusal> refusal = admit_address(interface, sighting, now)) {
    return refuse(sighting, *refusal, {}, now);
  }
  // They receive at the address that they send from, or nobody has used up what an unproven one may
  // cost; and their network has not had more than its share of us.

  if (!wiring_.knocks.push(Knock{.sighting = sighting, .identity = interface.identity})) {
    return refuse(sighting, Refusal::authenticate_queue_full, {}, now);
  }
} // on an authenticate thread: flow::authenticate, in authenticators.cpp

// Only the key is known: nothing can be proven, so nothing is remembered of it, and the budget is
// the claims' own. What passes costs a query.
void Flow::claimed(const Sighting& sighting, const ClaimedKey& claim, const Instant& now) {
  if (const std::optional<Refusal> refusal =
          recall(interface_of(sighting.interface), sighting, now)) {
    return refuse(sighting, *refusal, claim.key, now);
  }
  // It is no key that is on the device or was refused a moment ago.

  if (const std::optional<Refusal> refusal = admit_unproven(sighting, now)) {
    return refuse(sighting, *refusal, claim.key, now);
  }
  // Their network has not had more than its share of us.

  const std::optional<Refusal> refusal = wiring_.claim_gate.admit(sighting, claim, now.steady);
  if (refusal) return refuse(sighting, *refusal, claim.key, now);
  // Nor has it claimed this key too often.

  const PeerId id{.interface = sighting.interface, .key = claim.key};
  if (!ask(LookupPurpose::claimed, id, now)) {
    static_cast<void>(wiring_.claim_gate.release(id));
    return refuse(sighting, Refusal::lookup_queue_full, claim.key, now);
  }
} // on a lookup thread: lookup::Pool

// The key agreement is done. What passes costs a query.
void Flow::proven(const Proof& proof, const Instant& now) {
  const Sighting& sighting = proof.sighting;
  if (const Refusal* refusal = std::get_if<Refusal>(&proof.verdict)) {
    if (only_capture_sees(*refusal)) wiring_.cross_check.excuse(sighting);
    return refuse(sighting, *refusal, proof.claimed, now);
  }
  const ProvenKey& proven = std::get<ProvenKey>(proof.verdict);
  report_.progress("proven", interface_of(sighting.interface), sighting, proven.key(), now.steady);
  // They hold the private key, or did when the initiation was made.

  const Tai64n latest = wire::to_tai64n(now.wall + credible_future);
  if (!wiring_.replay_memory.is_newer(sighting.interface, proven, latest, now.steady)) {
    return refuse(sighting, Refusal::replayed, proven.key(), now);
  }
  // The initiation is newer than any that we have seen of this key.

  const std::optional<Refusal> refusal = wiring_.key_gate.admit(sighting, proven, now.steady);
  if (refusal) return refuse(sighting, *refusal, proven.key(), now);
  // One look-up per key is under way, and no more of them than the database is to have.

  const PeerId id{.interface = sighting.interface, .key = proven.key()};
  if (!ask(LookupPurpose::proven, id, now)) {
    static_cast<void>(wiring_.key_gate.release(id));
    return refuse(sighting, Refusal::lookup_queue_full, proven.key(), now);
  }
} // on a lookup thread: lookup::Pool

// The database has answered. What passes is created on the device at the next commit.
void Flow::answered(LookupAnswer answer, const Instant& now) {
  const Refusal* const refused = std::get_if<Refusal>(&answer.verdict);
  if (refused == nullptr || *refused != Refusal::database_unavailable) stop_removal();
  if (!wiring_.ledger.free(answer.number)) return; // given up
  take_answer(std::move(answer), now);
}

// Or nothing has, in time.
void Flow::take_answer(LookupAnswer answer, const Instant& now) {
  if (answer.purpose == LookupPurpose::revalidate) return rechecked(answer);
  if (answer.purpose == LookupPurpose::enrol) return enrolled(answer, now);
  const PeerId id{.interface = answer.interface, .key = answer.key};
  // Asked before a change that we have heard of: it may be stale.
  const bool is_stale = answer.asked_at <= interface_of(id.interface).changed_at;
  const bool is_proven = answer.purpose == LookupPurpose::proven;
  const std::optional<Sighting> sighting =
      is_proven ? wiring_.key_gate.release(id) : wiring_.claim_gate.release(id);
  if (!sighting) return; // answered already
  if (is_proven) waiting_.forget(id);
  if (const Refusal* refusal = std::get_if<Refusal>(&answer.verdict)) {
    if (is_proven && !is_stale && !is_of_the_database(*refusal)) {
      remember(id, *refusal, now);
      record(*sighting, answer.key, *refusal);
    }
    if (is_proven && *refusal == Refusal::database_unavailable) waiting_.add(id, *sighting);
    return refuse(*sighting, *refusal, answer.key, now);
  }
  PeerRecord& record = std::get<PeerRecord>(answer.verdict);
  report_.progress("found", interface_of(id.interface), *sighting, record.key, now.steady);
  // The database knows the key, for this network and for this moment, or takes it on trial.

  if (!is_allowed(record, sighting->source.address)) {
    return refuse(*sighting, Refusal::source_not_allowed, answer.key, now);
  }
  // They are where the administrator expects them.

  if (sighting->timestamp && record.newest_initiation &&
      *sighting->timestamp <= *record.newest_initiation) {
    return refuse(*sighting, Refusal::replayed, answer.key, now);
  }
  // Nor has another gateway, or this one before it was started, had the initiation already.

  if (record.is_on_trial) {
    const std::optional<Refusal> over_budget = admit_trial(now);
    if (over_budget) return refuse(*sighting, *over_budget, answer.key, now);
  }
  const std::optional<Refusal> refusal =
      plan(interface_of(id.interface), *sighting, record, answer.asked_at, now);
  if (refusal) return refuse(*sighting, *refusal, answer.key, now);
  if (is_stale) to_recheck_.add(id);
}

// End of the loop's turn: who leaves makes way, and everything planned goes to the devices, one
// batch each.
void Flow::commit(const Instant& now) {
  for (Interface& interface : wiring_.interfaces) {
    take_off(interface, now);
    apply(interface, std::exchange(interface.updates, {}));
  }
  for (std::pair<const InterfaceId, std::vector<Planned>>& entry : planned_) {
    if (entry.second.empty()) continue;
    install(interface_of(entry.first), std::exchange(entry.second, {}), now);
  }
  wiring_.metrics.greeting.set(static_cast<std::int64_t>(greeted_.size()));
}

void Flow::refuse(const Sighting& sighting, Refusal refusal, std::optional<PublicKey> key,
                  const Instant& now) {
  report_.refused(interface_of(sighting.interface), sighting, refusal, key, now.steady);
  // Without the initiation the key was only claimed.
  if (key && sighting.has_initiation() && is_gateways_own(refusal)) record(sighting, *key, refusal);
}

bool Flow::ask(LookupPurpose purpose, const PeerId& id, const Instant& now) {
  const std::optional<std::uint64_t> number = wiring_.ledger.take(purpose, id, now.steady);
  if (!number) return false;
  LookupRequest request{.interface = id.interface,
                        .key = id.key,
                        .purpose = purpose,
                        .number = *number,
                        .asked_at = now.steady};
  return wiring_.lookups.push(std::move(request)) || !wiring_.ledger.free(*number);
}

void Flow::give_up_questions(const Instant& now) {
  for (const lookup::Ledger::Question& question : wiring_.ledger.give_up(now.steady)) {
    wiring_.metrics.lookup_errors.add();
    take_answer({.interface = question.id.interface,
                 .key = question.id.key,
                 .purpose = question.purpose,
                 .number = question.number,
                 .verdict = Refusal::database_unavailable,
                 .asked_at = question.asked_at},
                now);
  }
}

// The database does not want this key: not to be asked again for a while, by us or by the kernel.
void Flow::remember(const PeerId& id, Refusal refusal, const Instant& now) {
  const TimePoint until = wiring_.refused_keys.with(
      [&](admit::RefusedKeys& keys) { return keys.remember(id, refusal, now.steady); });
  wiring_.refusal_sink.refuse(id, until);
}

// For whoever approves devices, or asks why one does not get in; a sample is enough.
void Flow::record(const Sighting& sighting, const PublicKey& key, Refusal refusal) {
  static_cast<void>(wiring_.reports.push(RefusedKey{
      .interface = sighting.interface, .key = key, .reason = refusal, .source = sighting.source}));
}

} // namespace provisiond::flow
