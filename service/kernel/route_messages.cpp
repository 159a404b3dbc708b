#include "kernel/route_messages.hpp"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>

namespace provisiond::kernel {

namespace {

using Bytes = std::span<const std::uint8_t>;

unsigned char family_number(IpAddress::Family family) {
  return family == IpAddress::Family::v4 ? AF_INET : AF_INET6;
}

struct Head {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
};

template <class Payload>
nlmsghdr* begin_message(const Head& head, const Payload& payload, WipedBuffer& out) {
  nlmsghdr* message = mnl_nlmsg_put_header(out.room().data());
  message->nlmsg_type = head.type;
  message->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | head.flags);
  message->nlmsg_seq = head.sequence;
  std::memcpy(mnl_nlmsg_put_extra_header(message, sizeof payload), &payload, sizeof payload);
  return message;
}

// The table's number stands in an attribute, because the header has a byte for it.
rtmsg route_header(IpAddress::Family family) {
  rtmsg header{};
  header.rtm_family = family_number(family);
  header.rtm_protocol = route_protocol;
  return header;
}

void put_target(nlmsghdr* message, const RouteTarget& target) {
  mnl_attr_put_u32(message, RTA_OIF, target.ifindex);
  mnl_attr_put_u32(message, RTA_TABLE, target.table);
}

std::optional<IpAddress> read_address(unsigned char family, Bytes payload) {
  if (family == AF_INET && payload.size() == 4) return IpAddress::v4(payload.first<4>());
  if (family == AF_INET6 && payload.size() == 16) return IpAddress::v6(payload.first<16>());
  return std::nullopt;
}

// The prefix of a message whose address attribute may be missing: a default route has none.
std::optional<IpPrefix> read_prefix(unsigned char family, Bytes payload, unsigned length) {
  IpAddress address{};
  if (family == AF_INET6) address.family = IpAddress::Family::v6;
  if (!payload.empty()) {
    const std::optional<IpAddress> read = read_address(family, payload);
    if (!read) return std::nullopt;
    address = *read;
  } else if (length != 0) {
    return std::nullopt;
  }
  if (length > address.bits()) return std::nullopt;
  return IpPrefix::covering(address, length);
}

// An address of either family, which stands in front of it.
std::optional<IpAddress> read_via(Bytes payload) {
  const std::optional<std::uint16_t> family =
      read_value<std::uint16_t>(payload.first(std::min(payload.size(), sizeof(std::uint16_t))));
  if (!family) return std::nullopt;
  return read_address(static_cast<unsigned char>(*family), payload.subspan(sizeof *family));
}

// The attributes of each path of a route that has several (rtnexthop).
template <class Read>
void for_each_path(Bytes paths, const Read& read) {
  rtnexthop head{};
  while (paths.size() >= sizeof head) {
    std::memcpy(&head, paths.data(), sizeof head);
    if (head.rtnh_len < sizeof head || head.rtnh_len > paths.size()) return;
    for_each_attribute(paths.first(head.rtnh_len).subspan(sizeof head), read);
    paths = paths.subspan(std::min<std::size_t>(NLMSG_ALIGN(head.rtnh_len), paths.size()));
  }
}

} // namespace

void append_route_change(const RouteTarget& target, const RouteChange& change,
                         std::uint32_t sequence, WipedBuffer& out) {
  const bool adds = change.action == RouteChange::Action::add;
  const std::uint16_t create = NLM_F_CREATE | NLM_F_EXCL;
  rtmsg header = route_header(change.prefix.address.family);
  header.rtm_dst_len = change.prefix.length;
  header.rtm_type = RTN_UNICAST;
  // IPv6 has no scopes of routes and looks at none.
  header.rtm_scope = adds ? RT_SCOPE_LINK : RT_SCOPE_NOWHERE;
  nlmsghdr* message =
      begin_message({.type = static_cast<std::uint16_t>(adds ? RTM_NEWROUTE : RTM_DELROUTE),
                     .flags = static_cast<std::uint16_t>(adds ? NLM_F_ACK | create : NLM_F_ACK),
                     .sequence = sequence},
                    header, out);
  const Bytes address = change.prefix.address.significant();
  mnl_attr_put(message, RTA_DST, address.size(), address.data());
  put_target(message, target);
  out.commit(message->nlmsg_len);
}

void append_get_routes(const RouteTarget& target, IpAddress::Family family, std::uint32_t sequence,
                       WipedBuffer& out) {
  nlmsghdr* message = begin_message(
      {.type = RTM_GETROUTE, .flags = NLM_F_DUMP, .sequence = sequence}, route_header(family), out);
  put_target(message, target);
  out.commit(message->nlmsg_len);
}

void append_get_others(std::uint32_t table, std::uint8_t protocol, IpAddress::Family family,
                       std::uint32_t sequence, WipedBuffer& out) {
  rtmsg header{};
  header.rtm_family = family_number(family);
  header.rtm_protocol = protocol;
  nlmsghdr* message =
      begin_message({.type = RTM_GETROUTE, .flags = NLM_F_DUMP, .sequence = sequence}, header, out);
  mnl_attr_put_u32(message, RTA_TABLE, table);
  out.commit(message->nlmsg_len);
}

void append_get_addresses(std::uint32_t sequence, WipedBuffer& out) {
  const ifaddrmsg header{};
  nlmsghdr* message =
      begin_message({.type = RTM_GETADDR, .flags = NLM_F_DUMP, .sequence = sequence}, header, out);
  out.commit(message->nlmsg_len);
}

std::optional<IpPrefix> read_route(const NetlinkMessage& message, const RouteTarget& target) {
  rtmsg header{};
  if (message.type != RTM_NEWROUTE || message.payload.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, message.payload.data(), sizeof header);
  // A cached IPv6 route is the consequence of one, such as a path's MTU.
  const bool is_ours = header.rtm_protocol == route_protocol && header.rtm_type == RTN_UNICAST &&
                       (header.rtm_flags & RTM_F_CLONED) == 0;
  if (!is_ours) return std::nullopt;
  std::uint32_t table = header.rtm_table;
  std::uint32_t ifindex = 0;
  Bytes destination;
  for_each_attribute(message.payload.subspan(NLMSG_ALIGN(sizeof header)),
                     [&](std::uint16_t type, Bytes payload) {
                       if (type == RTA_DST) destination = payload;
                       if (type == RTA_TABLE)
                         table = read_value<std::uint32_t>(payload).value_or(0);
                       if (type == RTA_OIF)
                         ifindex = read_value<std::uint32_t>(payload).value_or(0);
                     });
  if (table != target.table || ifindex != target.ifindex) return std::nullopt;
  return read_prefix(header.rtm_family, destination, header.rtm_dst_len);
}

std::vector<IpAddress> read_next_hops(const NetlinkMessage& message, std::uint32_t table) {
  rtmsg header{};
  if (message.type != RTM_NEWROUTE || message.payload.size() < sizeof header) return {};
  std::memcpy(&header, message.payload.data(), sizeof header);
  if ((header.rtm_flags & RTM_F_CLONED) != 0) return {};
  std::uint32_t its_table = header.rtm_table;
  std::vector<IpAddress> hops;
  const auto read_hop = [&](std::uint16_t type, Bytes payload) {
    std::optional<IpAddress> hop;
    if (type == RTA_GATEWAY) hop = read_address(header.rtm_family, payload);
    if (type == RTA_VIA) hop = read_via(payload);
    if (hop) hops.push_back(*hop);
  };
  for_each_attribute(message.payload.subspan(NLMSG_ALIGN(sizeof header)),
                     [&](std::uint16_t type, Bytes payload) {
                       if (type == RTA_TABLE)
                         its_table = read_value<std::uint32_t>(payload).value_or(0);
                       read_hop(type, payload);
                       if (type == RTA_MULTIPATH) for_each_path(payload, read_hop);
                     });
  return its_table == table ? hops : std::vector<IpAddress>{};
}

std::optional<AddressSubnet> read_subnet(const NetlinkMessage& message) {
  ifaddrmsg header{};
  if (message.type != RTM_NEWADDR || message.payload.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, message.payload.data(), sizeof header);
  // Of an address with a peer this is the peer's, which is what the kernel makes a route for.
  Bytes address;
  for_each_attribute(message.payload.subspan(NLMSG_ALIGN(sizeof header)),
                     [&](std::uint16_t type, Bytes payload) {
                       if (type == IFA_ADDRESS) address = payload;
                     });
  if (address.empty()) return std::nullopt;
  const std::optional<IpPrefix> prefix =
      read_prefix(header.ifa_family, address, header.ifa_prefixlen);
  if (!prefix) return std::nullopt;
  return AddressSubnet{.ifindex = header.ifa_index, .prefix = *prefix};
}

} // namespace provisiond::kernel
