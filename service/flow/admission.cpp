#include "flow/flow.hpp"
#include "wire/frame.hpp"

// What a sighting has to pass before it costs a key agreement.

namespace provisiond::flow {

namespace {

constexpr Rate cookie_replies{20'000, 20'000}; // 64 bytes each

// A cookie goes from where the initiation was sent to, and is sealed for its sender.
bool can_be_asked(const Sighting& sighting) {
  return sighting.has_initiation() && sighting.local.port != 0;
}

} // namespace

// What is known of a key that the kernel has decrypted; saves the key agreement.
std::optional<Refusal> Flow::recall(const Interface& interface, const Sighting& sighting,
                                    const Instant& now) {
  if (!sighting.claimed) return std::nullopt;
  const PeerId id{.interface = sighting.interface, .key = sighting.claimed->key};
  if (id.key == interface.identity->public_key()) return Refusal::own_key;
  if (wiring_.roster.with([&](const admit::Roster& roster) { return roster.contains(id); })) {
    return Refusal::already_installed;
  }
  const std::optional<admit::RefusedKeys::Refused> refused = wiring_.refused_keys.with(
      [&](admit::RefusedKeys& keys) { return keys.find(id, now.steady); });
  if (!refused) return std::nullopt;
  // Where the kernel could have known, it had no room for it any more.
  wiring_.refusal_sink.refuse(id, refused->until);
  return Refusal::known_refused;
}

// An address that nobody has proven may be a spoofed one: what it has cost is held against nobody.
// When its budget is spent, or under load, the sender is asked for proof instead of refused, and
// with proof it has a budget that nobody else can spend. The kernel limits after mac2 for the same
// reason (ratelimiter.c, wg_cookie_validate_packet).
std::optional<Refusal> Flow::admit_address(const Interface& interface, const Sighting& sighting,
                                           const Instant& now) {
  load_.note_queue(wiring_.knocks.size(), now.steady);
  if (has_proven_address(sighting, now))
    return wiring_.proven_gate.admit(sighting.source.address, now.steady);
  const bool may_ask = limits_.demands_cookies && can_be_asked(sighting);
  std::optional<Refusal> refusal = Refusal::cookie_required;
  if (!may_ask || !load_.is_high(now.steady)) refusal = admit_unproven(sighting, now);
  if (refusal && may_ask) ask_for_cookie(interface, sighting, now);
  return refusal;
}

std::optional<Refusal> Flow::admit_unproven(const Sighting& sighting, const Instant& now) {
  const std::optional<Refusal> over_budget =
      wiring_.source_gate.admit(sighting.source.address, now.steady);
  if (over_budget == Refusal::global_budget) load_.note_spent_budget(now.steady);
  return over_budget;
}

bool Flow::has_proven_address(const Sighting& sighting, const Instant& now) {
  if (sighting.mac_state == MacState::mac1_and_mac2) return true;
  return limits_.demands_cookies && sighting.has_initiation() &&
         cookies_.check(sighting, now.steady) == authenticate::CookieVerdict::valid_mac2;
}

void Flow::ask_for_cookie(const Interface& interface, const Sighting& sighting,
                          const Instant& now) {
  if (!cookie_replies_.take(cookie_replies, now.steady)) return;
  const wire::CookieReplyBytes reply = cookies_.reply(*interface.identity, sighting, now.steady);
  const Result<std::vector<std::uint8_t>> packet =
      wire::build_udp_packet(sighting.local, sighting.source, reply);
  if (packet && wiring_.packet_sender.send(*packet, sighting.source.scope))
    wiring_.metrics.cookie_replies_sent.add();
}

} // namespace provisiond::flow
