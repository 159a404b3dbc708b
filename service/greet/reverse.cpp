#include "greet/reverse.hpp"

namespace provisiond::greet {

namespace {

// Any value but 0 makes the device initiate; this one does no harm should the second change be
// lost.
constexpr std::uint16_t kick_seconds = 25;

kernel::PeerChange keepalive_of(const PublicKey& key, std::uint16_t seconds) {
  kernel::PeerChange change;
  change.action = kernel::PeerChange::Action::update;
  change.key = key;
  change.keepalive_seconds = seconds;
  return change;
}

} // namespace

void ReverseGreeting::prepare(const Sighting& sighting, const KeepalivePolicy& policy,
                              std::vector<kernel::PeerChange>& changes) const {
  kernel::PeerChange& change = changes.back();
  change.endpoint = sighting.source;
  change.keepalive_seconds = policy.keepalive_seconds;
  if (policy.keepalive_seconds != 0) return;
  change.keepalive_seconds = kick_seconds;
  changes.push_back(keepalive_of(policy.key, 0));
}

void ReverseGreeting::prepare_again(const Sighting& sighting, const KeepalivePolicy& policy,
                                    std::vector<kernel::PeerChange>& changes) const {
  if (policy.keepalive_seconds != 0) changes.push_back(keepalive_of(policy.key, 0));
  changes.push_back(keepalive_of(policy.key, 0)); // takes the greeting's value
  prepare(sighting, policy, changes);
}

Status ReverseGreeting::start(const Sighting& /*sighting*/) {
  return {};
}

void ReverseGreeting::on_session(const KeepalivePolicy& /*policy*/,
                                 std::vector<kernel::PeerChange>& /*changes*/) const {}

} // namespace provisiond::greet
