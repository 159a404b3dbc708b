#include "kernel/link_kind.hpp"

#include "kernel/netlink_socket.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

namespace provisiond::kernel {

namespace {

using Bytes = std::span<const std::uint8_t>;

Status ask(NetlinkSocket& socket, std::uint32_t ifindex, std::uint32_t sequence,
           WipedBuffer& buffer) {
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.room().data());
  header->nlmsg_type = RTM_GETLINK;
  header->nlmsg_flags = NLM_F_REQUEST;
  header->nlmsg_seq = sequence;
  ifinfomsg link{};
  link.ifi_family = AF_UNSPEC;
  link.ifi_index = static_cast<int>(ifindex);
  std::memcpy(mnl_nlmsg_put_extra_header(header, sizeof link), &link, sizeof link);
  buffer.commit(header->nlmsg_len);
  return socket.send(buffer.filled());
}

Error no_link(std::uint32_t ifindex) {
  return Error{fmt::format("there is no interface with index {}", ifindex), ENODEV};
}

} // namespace

Result<std::string> link_kind(std::uint32_t ifindex) {
  if (ifindex == 0) return fail(no_link(ifindex));
  Result<NetlinkSocket> socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return fail(socket.error());
  WipedBuffer buffer{NetlinkSocket::datagram_bytes};
  const std::uint32_t sequence = socket->next_sequence();
  if (const Status asked = ask(*socket, ifindex, sequence, buffer); !asked) {
    return fail(asked.error());
  }
  while (true) {
    if (const Status received = socket->receive(buffer); !received) return fail(received.error());
    for (const NetlinkMessage& message : split_datagram(buffer.filled())) {
      if (message.sequence != sequence) continue;
      if (message.type == NLMSG_ERROR) {
        const int code = read_verdict(message).code;
        if (code == ENODEV) return fail(no_link(ifindex));
        return fail(Error::system(fmt::format("ask what interface {} is", ifindex), code));
      }
      if (std::optional<std::string> kind = read_link_kind(message)) return std::move(*kind);
    }
  }
}

std::optional<std::string> read_link_kind(const NetlinkMessage& message) {
  if (message.type != RTM_NEWLINK || message.payload.size() < sizeof(ifinfomsg)) {
    return std::nullopt;
  }
  std::string kind;
  const Bytes attributes = message.payload.subspan(NLMSG_ALIGN(sizeof(ifinfomsg)));
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes information) {
    if (type != IFLA_LINKINFO) return;
    for_each_attribute(information, [&](std::uint16_t item, Bytes payload) {
      if (item == IFLA_INFO_KIND) kind = read_text(payload);
    });
  });
  return kind;
}

Result<WgFamily> wg_family_of(std::uint32_t ifindex) {
  const Result<std::string> kind = link_kind(ifindex);
  if (!kind) return fail(kind.error());
  const std::optional<WgDialect> dialect = dialect_of_kind(*kind);
  if (!dialect) {
    return fail(
        Error{fmt::format(
                  "the interface with index {} is not of the kernel's WireGuard or AmneziaWG ({})",
                  ifindex, kind->empty() ? "no kind" : "kind " + *kind),
              EOPNOTSUPP});
  }
  Result<NetlinkSocket> socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return fail(socket.error());
  Result<GenericFamily> family = find_family(*socket, to_string(*dialect));
  if (!family) return fail(family.error());
  return WgFamily{.dialect = *dialect, .family = std::move(*family)};
}

} // namespace provisiond::kernel
