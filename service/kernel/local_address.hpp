#pragma once

#include "base/endpoint.hpp"

#include <cstdint>

namespace provisiond::kernel {

// Whether a packet to this address that came in on the device ends at this machine, as opposed to
// one that is forwarded: local addresses of the device's routing domain (VRF), prefixes with a
// local route among them. Asks the kernel by a socket that is bound and closed again: about 10 us.
// Where net.ipv4.ip_nonlocal_bind lets programs have any address, every address counts; false when
// there is no descriptor left.
[[nodiscard]] bool is_local_address(const IpAddress& address, std::uint32_t ifindex);

} // namespace provisiond::kernel
