#pragma once

#include "base/result.hpp"
#include "events/source.hpp"
#include "kernel/generic_family.hpp"
#include "kernel/link_kind.hpp"

#include <cstdint>
#include <span>
#include <string>

namespace provisiond::events {

// What a family tells of unknown peers: `wireguard`, where deploy/kernel's patch has taught it to,
// initiations; `amneziawg` claims; without the multicast group nothing.
[[nodiscard]] Offer offer_of(const kernel::WgFamily& family);
// The same for an interface as it is now. A few system calls; needs no rights, loads nothing.
[[nodiscard]] Offer netlink_offer(std::uint32_t ifindex);

// What a family without the multicast group is to be met with.
[[nodiscard]] Error explain_no_group(kernel::WgDialect dialect);
// What the kernel says to somebody who may not join the group, in words that name the remedy.
[[nodiscard]] Error explain_join(kernel::WgDialect dialect, const Error& cause);

// What this machine announces, family by family, in one line; an Error with the reasons when no
// family announces anything, or when this process may not listen. Loads nothing.
Result<std::string> describe_netlink_support();
// The part of it that only looks at families.
Result<std::string> describe_families(std::span<const kernel::GenericFamily> families);

} // namespace provisiond::events
