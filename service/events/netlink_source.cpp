#include "events/netlink_source.hpp"

#include "events/unknown_peer_message.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/poll_together.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <variant>

namespace provisiond::events {

namespace {

using kernel::WgDialect;

bool concerns_us(const kernel::FamilyEvent& event) {
  switch (event.kind) {
  case kernel::FamilyEvent::Kind::appeared:
    return false; // nothing that is watched can depend on it yet
  case kernel::FamilyEvent::Kind::gone:
    return kernel::dialect_of_kind(event.family.name).has_value();
  case kernel::FamilyEvent::Kind::overrun:
    break;
  }
  return true;
}

Result<std::vector<kernel::GenericFamily>> families_now() {
  Result<kernel::NetlinkSocket> socket = kernel::NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return fail(socket.error());
  return kernel::list_families(*socket);
}

} // namespace

NetlinkSource::NetlinkSource(UniqueFd ready, kernel::NetlinkSocket announcements,
                             kernel::FamilyMonitor families, metrics::Metrics& metrics)
    : ready_{std::move(ready)}, announcements_{std::move(announcements)}, families_{std::move(
                                                                              families)},
      buffer_{kernel::NetlinkSocket::datagram_bytes}, metrics_{metrics} {}

Result<std::unique_ptr<NetlinkSource>> NetlinkSource::open(const Limits& limits,
                                                           metrics::Metrics& metrics) {
  constexpr std::string_view operation = "listen to the kernel's announcements";
  Result<kernel::FamilyMonitor> families = kernel::FamilyMonitor::open();
  if (!families) return fail(families.error().while_doing(operation));
  Result<kernel::NetlinkSocket> socket = kernel::NetlinkSocket::subscribe(NETLINK_GENERIC, 0);
  if (!socket) return fail(socket.error().while_doing(operation));
  const Status sized = socket->set_receive_buffer(limits.buffer_bytes);
  if (!sized) return fail(sized.error().while_doing(operation));
  const Result<std::size_t> granted = socket->receive_buffer();
  if (!granted) return fail(granted.error().while_doing(operation));
  Result<UniqueFd> ready = kernel::poll_together(std::array{socket->fd(), families->fd()});
  if (!ready) return fail(ready.error().while_doing(operation));
  std::unique_ptr<NetlinkSource> source{
      new NetlinkSource{std::move(*ready), std::move(*socket), std::move(*families), metrics}};
  source->granted_buffer_bytes_ = *granted;
  return source;
}

Offer NetlinkSource::offer(const WatchedInterface& interface) {
  return netlink_offer(interface.ifindex);
}

Status NetlinkSource::watch(const WatchedInterface& interface) {
  if (Status accepted = watched_.accepts(interface); !accepted) return accepted;
  const Result<kernel::WgFamily> family = kernel::wg_family_of(interface.ifindex);
  if (!family) return fail(family.error());
  const std::optional<std::uint32_t> group = family->family.group(kernel::unknown_peer_group);
  if (!group) return fail(explain_no_group(family->dialect));
  const Status joined = announcements_.join(*group);
  if (!joined) return fail(explain_join(family->dialect, joined.error()));
  joined_[static_cast<std::size_t>(family->dialect)] = *group;
  watched_.put(interface, *family);
  leave_unused_groups();
  return {};
}

Status NetlinkSource::unwatch(InterfaceId interface) {
  watched_.remove(interface);
  leave_unused_groups();
  return {};
}

// A group that went with its family was left for us.
void NetlinkSource::leave_unused_groups() {
  for (const WgDialect dialect : kernel::wg_dialects) {
    std::optional<std::uint32_t>& group = joined_[static_cast<std::size_t>(dialect)];
    if (!group || watched_.has_any(dialect)) continue;
    [[maybe_unused]] const Status left = announcements_.leave(*group);
    group.reset();
  }
}

Status NetlinkSource::read(const Instant& now, std::vector<Sighting>& sink) {
  if (Status followed = follow_families(); !followed) return followed;
  for (std::size_t count = 0; count < maximum_per_read; ++count) {
    const Status received = announcements_.receive(buffer_);
    if (!received && received.error().code() == EAGAIN) return {};
    if (!received) {
      if (Status survived = survive(received.error()); !survived) return survived;
      continue;
    }
    const std::vector<kernel::NetlinkMessage> messages = kernel::split_datagram(buffer_.filled());
    if (messages.empty()) refuse_message(metrics::SightingDrop::malformed_event);
    for (const kernel::NetlinkMessage& message : messages)
      take(message, now, sink);
  }
  return {};
}

Status NetlinkSource::follow_families() {
  if (lost_) return fail(*lost_);
  const std::vector<kernel::FamilyEvent> events = families_.read();
  if (std::ranges::none_of(events, concerns_us)) return {};
  const Result<std::vector<kernel::GenericFamily>> present = families_now();
  if (!present) {
    lost_ = present.error().while_doing("look for the families of watched interfaces");
  } else if (const std::optional<WgDialect> missing = watched_.miss(*present)) {
    lost_ = Error{
        fmt::format("the kernel's {} family is gone (its module was removed)", to_string(*missing)),
        ENOENT};
  }
  if (lost_) return fail(*lost_);
  return {};
}

void NetlinkSource::take(const kernel::NetlinkMessage& message, const Instant& now,
                         std::vector<Sighting>& sink) {
  const std::variant<Sighting, metrics::SightingDrop> verdict =
      read_unknown_peer(message, watched_, now);
  if (const Sighting* sighting = std::get_if<Sighting>(&verdict)) {
    sink.push_back(*sighting);
    ++statistics_.sightings;
    metrics_.sightings[SourceKind::netlink].add();
  } else {
    refuse_message(std::get<metrics::SightingDrop>(verdict));
  }
}

void NetlinkSource::refuse_message(metrics::SightingDrop reason) {
  ++statistics_.refused;
  metrics_.sighting_drops[reason].add();
}

Status NetlinkSource::survive(const Error& fault) {
  switch (fault.code()) {
  case ENOBUFS:
    metrics_.sighting_drops[metrics::SightingDrop::receive_queue].add();
    return {};
  case EMSGSIZE:
    refuse_message(metrics::SightingDrop::malformed_event);
    return {};
  case ENOMEM:
    ++statistics_.receive_errors;
    return {};
  default:
    return fail(fault.while_doing("read the kernel's announcements"));
  }
}

Result<SourceStatistics> NetlinkSource::statistics() {
  const Result<std::uint64_t> drops = announcements_.drops();
  if (!drops) return fail(drops.error());
  statistics_.kernel_drops = *drops;
  return statistics_;
}

} // namespace provisiond::events
