#include "flow/explain.hpp"

#include "evict/policy.hpp"
#include "flow/view.hpp"

#include <algorithm>
#include <optional>
#include <variant>

namespace provisiond::flow {

namespace {

std::optional<Refusal> refusal_if(bool refuses, Refusal refusal) {
  return refuses ? std::optional{refusal} : std::nullopt;
}

GateView gate_of(std::string_view name, const BudgetView& budget, Refusal refusal) {
  GateView gate{.gate = name, .refusal = refusal_if(budget.is_spent(), refusal)};
  gate.budget = budget;
  return gate;
}

} // namespace

KeyExplanation Explainer::explain(const PeerId& id, Surroundings surroundings,
                                  TimePoint now) const {
  const Interface& interface = context_.wiring.interfaces[id.interface.value];
  KeyExplanation explanation{.interface = id.interface, .key = id.key};
  explanation.gates.push_back(
      {.gate = "drain", .refusal = refusal_if(first_contact_.is_draining(), Refusal::draining)});
  explanation.gates.push_back(
      {.gate = "interface",
       .refusal = refusal_if(!interface.is_served(), Refusal::interface_gone)});
  add_gates_of_the_source(explanation, interface, now);
  add_gates_of_the_key(explanation, id, now);
  add_gates_behind(explanation, interface, surroundings, now);
  explanation.is_dry_run = interface.is_dry_run;
  explanation.is_asked_for = context_.wiring.key_gate.look(id, now).is_in_flight ||
                             context_.wiring.claim_gate.is_in_flight(id);
  explanation.waits_for_database = first_contact_.is_waiting(id);
  explanation.newest_initiation = context_.wiring.replay_memory.newest(id);
  explanation.peer = close_up(interface, id, now);
  const LastWords::Found words = context_.last_words.find(id);
  explanation.last = words.proven;
  explanation.last_claimed = words.claimed;
  return explanation;
}

// What is said whatever the key is, of an address that has no budget used up by itself.
void Explainer::add_gates_of_the_source(KeyExplanation& explanation, const Interface& interface,
                                        TimePoint now) const {
  if (!interface.is_present()) return;
  const bool is_own = explanation.key == interface.identity->public_key();
  const bool is_installed = interface.peers.table().find(explanation.key) != nullptr;
  explanation.gates.push_back(
      {.gate = "device",
       .refusal = is_own ? std::optional{Refusal::own_key}
                         : refusal_if(is_installed, Refusal::already_installed)});
  explanation.gates.push_back({.gate = "cookie",
                               .refusal = refusal_if(first_contact_.admission().asks_everyone(now),
                                                     Refusal::cookie_required)});
  explanation.gates.push_back(
      gate_of("all sources", context_.wiring.source_gate.total(now), Refusal::global_budget));
  const bool is_full = context_.wiring.handshakes.size() >= context_.wiring.handshakes.capacity();
  explanation.gates.push_back(
      {.gate = "key agreement", .refusal = refusal_if(is_full, Refusal::authenticate_queue_full)});
}

void Explainer::add_gates_of_the_key(KeyExplanation& explanation, const PeerId& id,
                                     TimePoint now) const {
  GateView& known = explanation.gates.emplace_back(GateView{.gate = "refused keys"});
  const std::optional<admit::NegativeCache::Refused> refused = context_.wiring.negative_cache.with(
      [&](const admit::NegativeCache& keys) { return keys.look(id, now); });
  if (refused) {
    known.refusal = Refusal::known_refused;
    known.because = refused->refusal;
    known.time_left = refused->until - now;
  }
  const std::optional<BudgetView> chances = context_.wiring.known_key_gate.look(id, now);
  explanation.gates.push_back(chances ? gate_of("known keys", *chances, Refusal::not_in_filter)
                                      : GateView{.gate = "known keys"});
  if (chances) explanation.gates.back().because = Refusal::not_in_filter;
  const admit::KeyGate::View key = context_.wiring.key_gate.look(id, now);
  explanation.gates.push_back(
      {.gate = "look-up", .refusal = refusal_if(key.is_in_flight, Refusal::lookup_in_flight)});
  explanation.gates.push_back(
      {.gate = "look-up queue", .refusal = refusal_if(key.is_full, Refusal::lookup_queue_full)});
  explanation.gates.push_back(gate_of("this key", key.key, Refusal::key_budget));
  explanation.gates.push_back(gate_of("all look-ups", key.lookups, Refusal::lookup_budget));
}

void Explainer::add_gates_behind(KeyExplanation& explanation, const Interface& interface,
                                 Surroundings surroundings, TimePoint now) const {
  explanation.gates.push_back(
      {.gate = "database",
       .refusal = surroundings.has_database ? refusal_if(!context_.wiring.has_network(interface.id),
                                                         Refusal::other_network)
                                            : std::optional{Refusal::database_unavailable}});
  const peers::PeerTable& table = interface.peers.table();
  const bool is_full =
      table.size() - table.handed_over() >= interface.max_peers && interface.candidates.is_empty();
  explanation.gates.push_back(
      {.gate = "room", .refusal = refusal_if(is_full, Refusal::interface_full)});
  explanation.gates.push_back(
      gate_of("all greetings", context_.wiring.greet_budget.total(now), Refusal::greet_budget));
}

std::optional<PeerCloseUp> Explainer::close_up(const Interface& interface, const PeerId& id,
                                               TimePoint now) const {
  const peers::Peer* const peer = interface.peers.table().find(id.key);
  if (peer == nullptr) return std::nullopt;
  PeerCloseUp close_up{.view = *view(interface, id.key),
                       .is_on_trial = peer->is_on_trial,
                       .is_handed_over = peer->is_handed_over(),
                       .expires_at = peer->expires_at};
  if (peer->missing_since) close_up.missing_for = now - *peer->missing_since;
  say_what_comes_next(close_up, *peer, id, now);
  return close_up;
}

void Explainer::say_what_comes_next(PeerCloseUp& close_up, const peers::Peer& peer,
                                    const PeerId& id, TimePoint now) const {
  if (const peers::Evicting* const evicting = std::get_if<peers::Evicting>(&peer.state)) {
    close_up.leaves_as = evicting->departure.reason;
    return;
  }
  if (const greet::GreetedPeer* const greeted = context_.greetings.find(id)) {
    close_up.greetings = greeted->greetings;
    close_up.next =
        to_string(greeted->is_on_trial ? Refusal::trial_failed : Refusal::never_connected);
    close_up.next_in = context_.greetings.time_left(*greeted, now);
    return;
  }
  if (peer.owner != peers::Owner::ours || peer.missing_since) return;
  const Duration timeout = peer.idle_timeout.value_or(context_.limits.idle_timeout);
  if (timeout == Duration::zero()) return;
  const TimePoint idle_at = std::max(peer.active_at + std::max(timeout, evict::session_lifetime),
                                     peer.watched_since + evict::session_lifetime);
  close_up.next = to_string(Eviction::idle);
  close_up.next_in = idle_at - now;
}

SourceExplanation Explainer::explain(const IpAddress& source, TimePoint now) const {
  const admit::SourceGate& gate = context_.wiring.source_gate;
  const Admission& admission = first_contact_.admission();
  SourceExplanation explanation{.address = source,
                                .counts_as = gate.origin_of(source),
                                .is_shared = gate.is_shared_source(source),
                                .unproven = gate.look(source, now),
                                .proven = context_.wiring.proven_gate.look(source, now),
                                .greetings = context_.wiring.greet_budget.look(source, now)};
  explanation.demands_cookies = context_.limits.demands_cookies;
  explanation.is_loaded = admission.is_loaded(now);
  explanation.is_attack_mode = admission.attack_mode().is_on();
  explanation.with_cookie = explanation.proven.refusal;
  explanation.without_cookie = admission.asks_everyone(now)
                                   ? std::optional{Refusal::cookie_required}
                                   : explanation.unproven.refusal;
  return explanation;
}

} // namespace provisiond::flow
