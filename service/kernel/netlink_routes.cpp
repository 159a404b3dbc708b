#include "kernel/netlink_routes.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

namespace provisiond::kernel {

namespace {

Error explain(const RouteChange& change, const NetlinkVerdict& verdict) {
  const bool adds = change.action == RouteChange::Action::add;
  const Error cause = Error::system(
      fmt::format("{} the route to {}", adds ? "add" : "remove", change.prefix.to_string()),
      verdict.code);
  if (verdict.code == EPERM)
    return Error{cause.message() + " (it takes CAP_NET_ADMIN)", verdict.code};
  if (verdict.words.empty()) return cause;
  return Error{fmt::format("{} ({})", cause.message(), verdict.words), verdict.code};
}

// Gone already, alone or with its interface.
bool is_gone(const RouteChange& change, int code) {
  return change.action == RouteChange::Action::remove && (code == ESRCH || code == ENODEV);
}

// What ends a dump; nullopt for any other message.
std::optional<int> dump_end(const NetlinkMessage& message) {
  if (message.type != NLMSG_ERROR && message.type != NLMSG_DONE) return std::nullopt;
  const int code = read_verdict(message).code;
  return code == ENOENT ? 0 : code; // a table without routes is not there
}

// The dumps that make a listing, in order: a protocol and a family each.
constexpr std::array<std::uint8_t, 5> listed_protocols{route_protocol, RTPROT_BOOT, RTPROT_STATIC,
                                                       RTPROT_DHCP, RTPROT_RA};
constexpr std::size_t families = 2;

IpAddress::Family family_of(std::size_t dump) {
  return dump % families == 0 ? IpAddress::Family::v4 : IpAddress::Family::v6;
}
std::uint8_t protocol_of(std::size_t dump) {
  return listed_protocols.at(dump / families);
}

} // namespace

NetlinkRoutes::NetlinkRoutes(const RouteTarget& target, NetlinkSocket socket)
    : target_{target}, socket_{std::move(socket)}, request_{maximum_changes *
                                                            maximum_route_message_bytes},
      answer_{NetlinkSocket::datagram_bytes} {}

Result<std::unique_ptr<NetlinkRoutes>> NetlinkRoutes::open(const RouteTarget& target) {
  Result<NetlinkSocket> socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return fail(socket.error().while_doing("keep routes"));
  return std::unique_ptr<NetlinkRoutes>{new NetlinkRoutes{target, std::move(*socket)}};
}

std::vector<Status> NetlinkRoutes::apply(std::span<const RouteChange> changes) {
  std::vector<Status> statuses(changes.size());
  std::span<Status> left{statuses};
  while (!changes.empty()) {
    const std::size_t count = std::min(changes.size(), maximum_changes);
    exchange(changes.first(count), left.first(count));
    changes = changes.subspan(count);
    left = left.subspan(count);
  }
  return statuses;
}

void NetlinkRoutes::exchange(std::span<const RouteChange> changes, std::span<Status> statuses) {
  request_.clear();
  std::uint32_t first = 0;
  for (const RouteChange& change : changes) {
    const std::uint32_t sequence = socket_.next_sequence();
    if (&change == changes.data()) first = sequence;
    append_route_change(target_, change, sequence, request_);
  }
  Status exchanged = socket_.send(request_.filled());
  if (exchanged) exchanged = receive_statuses(first, changes, statuses);
  if (exchanged) return;
  std::ranges::fill(statuses, fail(exchanged.error().while_doing("keep routes")));
}

Status NetlinkRoutes::receive_statuses(std::uint32_t first, std::span<const RouteChange> changes,
                                       std::span<Status> statuses) {
  std::size_t waiting = changes.size();
  while (waiting > 0) {
    const Status received = socket_.receive(answer_);
    if (!received) return received;
    for (const NetlinkMessage& message : split_datagram(answer_.filled())) {
      const std::uint32_t index = message.sequence - first;
      if (message.type != NLMSG_ERROR || index >= changes.size()) continue;
      const NetlinkVerdict verdict = read_verdict(message);
      if (verdict.code != 0 && !is_gone(changes[index], verdict.code))
        statuses[index] = fail(explain(changes[index], verdict));
      --waiting;
    }
  }
  return {};
}

Result<Routes::Listing> NetlinkRoutes::list(Listed& into) {
  if (!dump_) {
    const Status begun = begin_dump(0);
    if (!begun) return fail(begun.error());
  }
  for (int datagram = 0; datagram < datagrams_per_part; ++datagram) {
    const Result<Listing> read = read_dump(into);
    if (!read) {
      dump_.reset();
      return fail(read.error());
    }
    if (*read == Listing::goes_on) continue;
    const std::size_t next = dump_->number + 1;
    dump_.reset();
    const std::size_t dumps =
        target_.table == main_route_table ? families * listed_protocols.size() : families;
    if (next == dumps) return Listing::complete;
    const Status begun = begin_dump(next);
    if (!begun) return fail(begun.error());
    return Listing::goes_on; // the kernel goes through all its routes for each
  }
  return Listing::goes_on;
}

Status NetlinkRoutes::begin_dump(std::size_t number) {
  Result<NetlinkSocket> socket = NetlinkSocket::open(NETLINK_ROUTE);
  if (!socket) return fail(socket.error().while_doing("list routes"));
  // Without it the kernel tells every route that it has, which read_route sorts out.
  [[maybe_unused]] const Status filtered = socket->filter_dumps();
  request_.clear();
  const std::uint32_t sequence = socket->next_sequence();
  if (protocol_of(number) == route_protocol)
    append_get_routes(target_, family_of(number), sequence, request_);
  else
    append_get_others(target_.table, protocol_of(number), family_of(number), sequence, request_);
  const Status sent = socket->send(request_.filled());
  if (!sent) return fail(sent.error().while_doing("list routes"));
  dump_.emplace(Dump{.socket = std::move(*socket), .number = number, .sequence = sequence});
  return {};
}

// One datagram.
Result<Routes::Listing> NetlinkRoutes::read_dump(Listed& into) {
  const Status received = dump_->socket.receive(answer_);
  if (!received) return fail(received.error().while_doing("list routes"));
  for (const NetlinkMessage& message : split_datagram(answer_.filled())) {
    if (message.sequence != dump_->sequence) continue;
    if (const std::optional<int> code = dump_end(message)) {
      if (*code != 0) return fail(Error::system("list routes", *code));
      return Listing::complete;
    }
    if (protocol_of(dump_->number) != route_protocol)
      std::ranges::copy(read_next_hops(message, target_.table), std::back_inserter(into.next_hops));
    else if (const std::optional<IpPrefix> prefix = read_route(message, target_))
      into.ours.push_back(*prefix);
  }
  return Listing::goes_on;
}

Result<std::vector<AddressSubnet>> NetlinkRoutes::subnets() {
  request_.clear();
  const std::uint32_t sequence = socket_.next_sequence();
  append_get_addresses(sequence, request_);
  const Status sent = socket_.send(request_.filled());
  if (!sent) return fail(sent.error().while_doing("list addresses"));
  std::vector<AddressSubnet> subnets;
  while (true) {
    const Status received = socket_.receive(answer_);
    if (!received) return fail(received.error().while_doing("list addresses"));
    for (const NetlinkMessage& message : split_datagram(answer_.filled())) {
      if (message.sequence != sequence) continue;
      if (const std::optional<int> code = dump_end(message)) {
        if (*code != 0) return fail(Error::system("list addresses", *code));
        return subnets;
      }
      if (const std::optional<AddressSubnet> subnet = read_subnet(message))
        subnets.push_back(*subnet);
    }
  }
}

Result<std::unique_ptr<Routes>> open_routes(const RouteTarget& target) {
  return NetlinkRoutes::open(target);
}

} // namespace provisiond::kernel
