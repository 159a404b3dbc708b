#pragma once

#include "base/result.hpp"
#include "kernel/generic_family.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/wg_dialect.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace provisiond::kernel {

// What makes an interface: "wireguard", "amneziawg", "tun", "veth"; empty for a device that is not
// made by software. A few system calls; needs no rights. ENODEV when there is no such interface.
Result<std::string> link_kind(std::uint32_t ifindex);

// The kind in an RTM_NEWLINK message, which may be empty; none for any other message.
std::optional<std::string> read_link_kind(const NetlinkMessage& message);

// The family that an interface is configured and announced through.
struct WgFamily {
  WgDialect dialect = WgDialect::wireguard;
  GenericFamily family;
};
// Loads nothing. ENODEV: no such interface; EOPNOTSUPP: of another kind; ENOENT: the family is
// gone.
Result<WgFamily> wg_family_of(std::uint32_t ifindex);

} // namespace provisiond::kernel
