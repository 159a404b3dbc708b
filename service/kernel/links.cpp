#include "kernel/links.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cerrno>

namespace provisiond::kernel {

namespace {

// The kernel marks the first message about an interface as a change of all flags
// (net/core/rtnetlink.c: rtnl_configure_link).
constexpr unsigned all_flags = ~0U;

LinkEvent::Kind kind_of(const NetlinkMessage& message, const ifinfomsg& link) {
  if (message.type == RTM_DELLINK) return LinkEvent::Kind::removed;
  return link.ifi_change == all_flags ? LinkEvent::Kind::added : LinkEvent::Kind::changed;
}

} // namespace

std::optional<LinkEvent> read_link(const NetlinkMessage& message) {
  if (message.type != RTM_NEWLINK && message.type != RTM_DELLINK) return std::nullopt;
  ifinfomsg link{};
  if (message.payload.size() < sizeof link) return std::nullopt;
  std::memcpy(&link, message.payload.data(), sizeof link);
  if (link.ifi_family != AF_UNSPEC || link.ifi_index <= 0) return std::nullopt;

  LinkEvent event{.kind = kind_of(message, link),
                  .ifindex = static_cast<std::uint32_t>(link.ifi_index),
                  .name = {}};
  for_each_attribute(message.payload.subspan(NLMSG_ALIGN(sizeof link)),
                     [&](std::uint16_t type, std::span<const std::uint8_t> payload) {
                       if (type == IFLA_IFNAME) event.name = read_text(payload);
                     });
  if (event.name.empty()) return std::nullopt;
  return event;
}

LinkMonitor::LinkMonitor(NetlinkSocket socket)
    : socket_{std::move(socket)}, buffer_{NetlinkSocket::datagram_bytes} {}

Result<LinkMonitor> LinkMonitor::open() {
  Result<NetlinkSocket> socket = NetlinkSocket::subscribe(NETLINK_ROUTE, RTMGRP_LINK);
  if (!socket) return fail(socket.error().while_doing("watch interfaces"));
  return LinkMonitor{std::move(*socket)};
}

std::vector<LinkEvent> LinkMonitor::read() {
  std::vector<LinkEvent> events;
  for (int count = 0; count < maximum_datagrams; ++count) {
    const Status received = socket_.receive(buffer_);
    if (!received && received.error().code() == EAGAIN) break;
    if (!received) {
      events.push_back({.kind = LinkEvent::Kind::overrun, .ifindex = 0, .name = {}});
      if (received.error().code() != ENOBUFS) break;
      continue;
    }
    for (const NetlinkMessage& message : split_datagram(buffer_.filled())) {
      if (std::optional<LinkEvent> event = read_link(message)) events.push_back(std::move(*event));
    }
  }
  return events;
}

} // namespace provisiond::kernel
