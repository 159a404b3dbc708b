#include "greet/resubmit.hpp"

#include "wire/frame.hpp"

namespace provisiond::greet {

void ResubmitGreeting::prepare(const Sighting& /*sighting*/, const KeepalivePolicy& /*policy*/,
                               std::vector<kernel::PeerChange>& /*changes*/) const {}

void ResubmitGreeting::prepare_again(const Sighting& /*sighting*/,
                                     const KeepalivePolicy& /*policy*/,
                                     std::vector<kernel::PeerChange>& /*changes*/) const {}

Status ResubmitGreeting::start(const Sighting& sighting) {
  const Result<std::vector<std::uint8_t>> packet =
      wire::build_udp_packet(sighting.source, sighting.local, sighting.initiation);
  if (!packet) return fail(packet.error().while_doing("resubmit the initiation"));
  const Status sent = sender_.send(*packet, sighting.source.scope);
  if (!sent) return fail(sent.error().while_doing("resubmit the initiation"));
  return {};
}

void ResubmitGreeting::on_session(const KeepalivePolicy& policy,
                                  std::vector<kernel::PeerChange>& changes) const {
  if (policy.keepalive_seconds == 0) return;
  kernel::PeerChange change;
  change.action = kernel::PeerChange::Action::update;
  change.key = policy.key;
  change.keepalive_seconds = policy.keepalive_seconds;
  changes.push_back(std::move(change));
}

} // namespace provisiond::greet
