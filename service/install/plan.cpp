#include "install/plan.hpp"

#include <utility>

namespace provisiond::install {

kernel::PeerChange plan(PeerRecord& record) {
  kernel::PeerChange change;
  change.action = kernel::PeerChange::Action::set;
  change.key = record.key;
  change.preshared_key = std::exchange(record.preshared_key, std::nullopt);
  // A peer that an operator left behind with a key of its own must not keep it.
  if (!change.preshared_key) change.preshared_key.emplace();
  change.allowed_ips = record.allowed_ips;
  return change;
}

} // namespace provisiond::install
