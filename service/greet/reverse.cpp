#include "greet/reverse.hpp"

namespace provisiond::greet {

namespace {

// Any value but 0 makes the device initiate; this one does no harm should the second change be
// lost.
constexpr std::uint16_t kick_seconds = 25;

} // namespace

void ReverseGreeting::arrange(const Sighting& sighting, const Manners& manners,
                              std::vector<kernel::PeerChange>& changes) const {
  kernel::PeerChange& change = changes.back();
  change.endpoint = sighting.source;
  change.keepalive_seconds = manners.keepalive_seconds;
  if (manners.keepalive_seconds != 0) return;
  change.keepalive_seconds = kick_seconds;
  kernel::PeerChange take_back;
  take_back.action = kernel::PeerChange::Action::update;
  take_back.key = manners.key;
  take_back.keepalive_seconds = 0;
  changes.push_back(std::move(take_back));
}

Status ReverseGreeting::start(const Sighting& /*sighting*/) {
  return {};
}

void ReverseGreeting::settle(const Manners& /*manners*/,
                             std::vector<kernel::PeerChange>& /*changes*/) const {}

} // namespace provisiond::greet
