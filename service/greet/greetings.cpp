#include "greet/greetings.hpp"

namespace provisiond::greet {

namespace {

// What capture saw may still be in the device's queue. If the device initiated before it came to
// it, both ends would drop the other's response, and the client would be without a session until
// its next try, 5 s later. So the device is handed the client's initiation, and initiates when no
// session follows.
//
// A device that may have a session on another gateway is never initiated to: of the initiations
// that it made there only the first is known here, so what was seen may be a recording, and the
// device would follow. What the device of ours answers to a recording is of no use to its sender.
Strategy first_strategy(const Plan& plan, const Sighting& sighting) {
  if (!sighting.has_initiation()) return Strategy::reverse; // nothing to hand back
  // Handed back to the device's own port it would not be the packet that the redirection knows.
  if (sighting.is_redirected) return Strategy::reverse;
  if (plan.may_be_elsewhere) return Strategy::resubmit;
  const bool has_been_dropped = sighting.seen_by != SourceKind::capture;
  if (plan.mode == GreetingMode::reverse && has_been_dropped) return Strategy::reverse;
  return Strategy::resubmit;
}

} // namespace

// Strangers cause trials: few at a time, and not too often.
std::optional<Refusal> Greetings::admit_trial(TimePoint now) {
  if (!trial_rate_.take(limits_.trials, now) || trials_ >= limits_.most_trials)
    return Refusal::trial_budget;
  return std::nullopt;
}

std::optional<Refusal> Greetings::plan(const PeerId& id, const Sighting& sighting, const Plan& plan,
                                       std::vector<kernel::PeerChange>& changes, TimePoint now) {
  const Strategy strategy = first_strategy(plan, sighting);
  if (strategy == Strategy::reverse && !budget_.take(sighting.source.address, now))
    return Refusal::greet_budget;
  GreetedPeer peer{.sighting = sighting,
                   .policy = {.key = id.key, .keepalive_seconds = plan.keepalive_seconds},
                   .strategy = strategy,
                   .is_on_trial = plan.is_on_trial,
                   .falls_back = plan.mode != GreetingMode::resubmit && !plan.may_be_elsewhere};
  greeting_of(strategy).prepare(sighting, peer.policy, changes);
  peers_.insert_or_assign(id, std::move(peer));
  if (plan.is_on_trial) ++trials_;
  return std::nullopt;
}

std::optional<Refusal> Greetings::foresee(const Sighting& sighting, const Plan& plan,
                                          TimePoint now) const {
  if (first_strategy(plan, sighting) != Strategy::reverse) return std::nullopt;
  const bool is_spent =
      budget_.look(sighting.source.address, now).budget.is_spent() || budget_.total(now).is_spent();
  return is_spent ? std::optional{Refusal::greet_budget} : std::nullopt;
}

Status Greetings::begin(GreetedPeer& peer, TimePoint now) {
  peer.installed_at = now;
  count(peer, now);
  return start(peer);
}

Status Greetings::start(const GreetedPeer& peer) {
  return greeting_of(peer.strategy).start(peer.sighting);
}

std::vector<kernel::PeerChange> Greetings::prepare_again(GreetedPeer& peer, TimePoint now) {
  std::vector<kernel::PeerChange> changes;
  if (peer.greetings >= most) return changes;
  if (peer.falls_back && peer.strategy == Strategy::resubmit) {
    if (!budget_.take(peer.sighting.source.address, now)) {
      peer.greet_again_at = now + limits_.patience;
      return changes;
    }
    peer.strategy = Strategy::reverse;
  }
  count(peer, now);
  greeting_of(peer.strategy).prepare_again(peer.sighting, peer.policy, changes);
  return changes;
}

std::vector<kernel::PeerChange> Greetings::on_session(const GreetedPeer& peer) const {
  std::vector<kernel::PeerChange> changes;
  greeting_of(peer.strategy).on_session(peer.policy, changes);
  return changes;
}

void Greetings::count(GreetedPeer& peer, TimePoint now) {
  ++peer.greetings;
  peer.greet_again_at = now + limits_.patience;
  metrics_.greetings[static_cast<metrics::GreetingKind>(peer.strategy)].add();
}

GreetedPeer* Greetings::find(const PeerId& id) {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

const GreetedPeer* Greetings::find(const PeerId& id) const {
  const auto found = peers_.find(id);
  return found == peers_.end() ? nullptr : &found->second;
}

void Greetings::follow(GreetedPeer& peer, std::uint16_t keepalive_seconds, bool is_on_trial) {
  peer.policy.keepalive_seconds = keepalive_seconds;
  if (peer.is_on_trial && !is_on_trial) --trials_;
  if (!peer.is_on_trial && is_on_trial) ++trials_;
  peer.is_on_trial = is_on_trial;
}

// Counted from the install, which the daemon remembers: a device reports no creation time.
bool Greetings::is_over(const GreetedPeer& peer, TimePoint now) const {
  const std::optional<Duration> left = time_left(peer, now);
  return left && *left <= Duration::zero();
}

std::optional<Duration> Greetings::time_left(const GreetedPeer& peer, TimePoint now) const {
  if (!peer.installed_at) return std::nullopt;
  const Duration deadline = peer.is_on_trial ? limits_.trial_deadline : limits_.deadline;
  return *peer.installed_at + deadline - now;
}

std::optional<GreetedPeer> Greetings::end(const PeerId& id) {
  const auto found = peers_.find(id);
  if (found == peers_.end()) return std::nullopt;
  GreetedPeer peer = std::move(found->second);
  peers_.erase(found);
  if (peer.is_on_trial) --trials_;
  return peer;
}

std::vector<std::pair<PublicKey, GreetedPeer>> Greetings::end_all(InterfaceId interface) {
  std::vector<std::pair<PublicKey, GreetedPeer>> ended;
  for (const PublicKey& key : keys_of(interface))
    ended.emplace_back(key, *end({.interface = interface, .key = key}));
  return ended;
}

std::vector<PublicKey> Greetings::keys_of(InterfaceId interface) const {
  std::vector<PublicKey> keys;
  for (const auto& [id, peer] : peers_)
    if (id.interface == interface) keys.push_back(id.key);
  return keys;
}

Greeting& Greetings::greeting_of(Strategy strategy) {
  if (strategy == Strategy::reverse) return reverse_;
  return resubmit_;
}

const Greeting& Greetings::greeting_of(Strategy strategy) const {
  if (strategy == Strategy::reverse) return reverse_;
  return resubmit_;
}

} // namespace provisiond::greet
