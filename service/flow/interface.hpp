#pragma once

#include "authenticate/interface_identity.hpp"
#include "greet/greeting.hpp"
#include "handoff/sighting.hpp"
#include "install/allowed_ip_index.hpp"
#include "kernel/wg_device.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace provisiond::flow {

// Which greeting an interface uses. `automatic`: resubmit, then reverse when no session follows.
enum class GreetingMode : std::uint8_t { reverse, resubmit, automatic };

// One WireGuard interface that we serve, as it is now. Loop thread.
struct Interface {
  InterfaceId id;
  std::string name;
  std::string network;
  GreetingMode greeting = GreetingMode::reverse;
  std::size_t max_peers = 0;

  // Both are there, or neither: an interface that is gone has no device and answers nobody.
  std::unique_ptr<kernel::WgDevice> device;
  std::shared_ptr<const authenticate::InterfaceIdentity> identity;

  install::AllowedIpIndex allowed_ips; // of the peers on the device
  std::size_t peers = 0;               // on the device, ours and others'

  [[nodiscard]] bool is_present() const { return device != nullptr; }
};

} // namespace provisiond::flow
