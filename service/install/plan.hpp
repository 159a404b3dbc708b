#pragma once

#include "handoff/peer_record.hpp"
#include "kernel/wg_device.hpp"

namespace provisiond::install {

// The exact change that puts `record` on a device: preshared key and allowed IPs, everything
// replaced, no endpoint and no keepalive. Those two make a device talk, and belong to the greeting.
// Takes the preshared key out of `record`. Pure.
kernel::PeerChange plan(PeerRecord& record);

} // namespace provisiond::install
