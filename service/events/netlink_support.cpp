#include "events/netlink_support.hpp"

#include "kernel/netlink_socket.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace provisiond::events {

namespace {

using kernel::GenericFamily;
using kernel::WgDialect;

std::optional<kernel::WgFamily> find(std::span<const GenericFamily> families, WgDialect dialect) {
  for (const GenericFamily& family : families) {
    if (family.name == to_string(dialect)) return kernel::WgFamily{dialect, family};
  }
  return std::nullopt;
}

std::string describe(const kernel::WgFamily& family) {
  switch (offer_of(family)) {
  case Offer::initiations:
    return "announces initiations";
  case Offer::claims:
    return "announces claims only";
  case Offer::nothing:
    break;
  }
  return fmt::format("has no multicast group {}", kernel::unknown_peer_group);
}

} // namespace

Offer offer_of(const kernel::WgFamily& family) {
  if (!family.family.group(kernel::unknown_peer_group)) return Offer::nothing;
  return family.dialect == WgDialect::wireguard ? Offer::initiations : Offer::claims;
}

Offer netlink_offer(std::uint32_t ifindex) {
  const Result<kernel::WgFamily> family = kernel::wg_family_of(ifindex);
  return family ? offer_of(*family) : Offer::nothing;
}

Error explain_no_group(WgDialect dialect) {
  return Error{
      fmt::format("the kernel's {} family announces no unknown peers (no multicast group {}); {}",
                  to_string(dialect), kernel::unknown_peer_group,
                  dialect == WgDialect::wireguard
                      ? "apply deploy/kernel's patch or use another source"
                      : "take a newer module or use another source"),
      EOPNOTSUPP};
}

Error explain_join(WgDialect dialect, const Error& cause) {
  Error error = cause.while_doing(fmt::format("listen to group {} of family {}",
                                              kernel::unknown_peer_group, to_string(dialect)));
  if (cause.code() != EPERM) return error;
  return Error{fmt::format("{} (it takes CAP_NET_ADMIN)", error.message()), EPERM};
}

Result<std::string> describe_families(std::span<const GenericFamily> families) {
  std::string text;
  bool announces = false;
  for (const WgDialect dialect : kernel::wg_dialects) {
    const std::optional<kernel::WgFamily> family = find(families, dialect);
    announces = announces || (family && offer_of(*family) != Offer::nothing);
    text += fmt::format("{}family {} {}", text.empty() ? "" : ", ", to_string(dialect),
                        family ? describe(*family) : "is absent (module not loaded)");
  }
  if (!announces) return fail(Error{text, EOPNOTSUPP});
  return text;
}

Result<std::string> describe_netlink_support() {
  Result<kernel::NetlinkSocket> socket = kernel::NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return fail(socket.error());
  const Result<std::vector<GenericFamily>> families = kernel::list_families(*socket);
  if (!families) return fail(families.error());
  Result<std::string> text = describe_families(*families);
  if (!text) return text;
  for (const WgDialect dialect : kernel::wg_dialects) {
    const std::optional<kernel::WgFamily> family = find(*families, dialect);
    if (!family || offer_of(*family) == Offer::nothing) continue;
    const Status joined = socket->join(*family->family.group(kernel::unknown_peer_group));
    if (!joined) return fail(explain_join(dialect, joined.error()));
  }
  return text;
}

} // namespace provisiond::events
