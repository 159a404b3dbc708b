#include "flow/admission.hpp"

#include "wire/frame.hpp"

namespace provisiond::flow {

namespace {

constexpr Rate cookie_replies{20'000, 20'000}; // 64 bytes each
constexpr Rate dry_run_passes{1'000, 1'000};   // a part of what a thread proves

// A cookie goes from where the initiation was sent to, and is sealed for its sender.
bool can_be_asked(const Sighting& sighting) {
  return sighting.has_initiation() && sighting.local.port != 0;
}

} // namespace

std::optional<Refusal> Admission::recall(const Interface& interface, const Sighting& sighting,
                                         const Instant& now) {
  if (!sighting.claimed) return std::nullopt;
  const PeerId id{.interface = sighting.interface, .key = sighting.claimed->key};
  if (id.key == interface.identity->public_key()) return Refusal::own_key;
  if (interface.peers.table().find(id.key) != nullptr) return Refusal::already_installed;
  const std::optional<admit::NegativeCache::Refused> refused = context_.wiring.negative_cache.with(
      [&](admit::NegativeCache& keys) { return keys.find(id, now.steady); });
  if (!refused) return std::nullopt;
  // Where the kernel could have known, it had no room for it any more.
  if (!interface.is_dry_run) context_.wiring.refusal_sink.refuse(id, refused->until);
  return Refusal::known_refused;
}

// An address that nothing has proven may be a spoofed one: what it has cost is held against no
// sender. When its budget is spent, under load, or while an attack lasts, the sender is asked for
// proof instead of refused, and with proof it has a budget that no other can spend. The kernel
// limits after mac2 for the same reason (ratelimiter.c, wg_cookie_validate_packet).
std::optional<Refusal> Admission::admit(const Interface& interface, const Sighting& sighting,
                                        const Instant& now) {
  load_.note_queue(context_.wiring.handshakes.size(), now.steady);
  if (has_proven_address(sighting, now))
    return context_.wiring.proven_gate.admit(sighting.source.address, now.steady);
  const bool may_ask = context_.limits.demands_cookies && can_be_asked(sighting);
  if (load_.is_high(now.steady)) attack_mode_.note_load();
  std::optional<Refusal> refusal = Refusal::cookie_required;
  if (!may_ask || !asks_everyone(now.steady)) refusal = admit_unproven(sighting, now);
  if (refusal)
    attack_mode_.note_refused();
  else
    attack_mode_.note_passed();
  if (refusal && may_ask && !interface.is_dry_run) ask_for_cookie(interface, sighting, now);
  return refusal;
}

bool Admission::passes_in_dry_run(const Interface& interface, const Instant& now) {
  return interface.is_dry_run && dry_run_passes_.take(dry_run_passes, now.steady);
}

std::optional<Refusal> Admission::admit_unproven(const Sighting& sighting, const Instant& now) {
  const std::optional<Refusal> over_budget =
      context_.wiring.source_gate.admit(sighting.source.address, now.steady);
  if (over_budget == Refusal::global_budget) load_.note_spent_budget(now.steady);
  return over_budget;
}

bool Admission::has_proven_address(const Sighting& sighting, const Instant& now) {
  if (sighting.mac_state == MacState::mac1_and_mac2) return true;
  return context_.limits.demands_cookies && sighting.has_initiation() &&
         cookies_.check(sighting, now.steady) == authenticate::CookieVerdict::valid_mac2;
}

void Admission::ask_for_cookie(const Interface& interface, const Sighting& sighting,
                               const Instant& now) {
  if (!cookie_replies_.take(cookie_replies, now.steady)) return;
  const wire::CookieReplyBytes reply = cookies_.reply(*interface.identity, sighting, now.steady);
  const Result<std::vector<std::uint8_t>> packet =
      wire::build_udp_packet(sighting.local, sighting.source, reply);
  if (packet && context_.wiring.packet_sender.send(*packet, sighting.source.scope))
    context_.wiring.metrics.cookie_replies_sent.add();
}

} // namespace provisiond::flow
