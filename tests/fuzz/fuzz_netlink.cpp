// Any bytes as a netlink datagram about interfaces, families, routes and devices: the readers stay
// inside, and what they give is what their headers promise. The first bytes are also a route that
// is written and read back.

#include "fuzz/input.hpp"
#include "fuzz/peers.hpp"
#include "fuzz/targets.hpp"
#include "kernel/generic_family.hpp"
#include "kernel/link_kind.hpp"
#include "kernel/links.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/route_messages.hpp"
#include "kernel/wg_messages.hpp"

#include <linux/genetlink.h>

#include <optional>
#include <string>

namespace provisiond::fuzz::fuzz_netlink {

using provisiond::kernel::NetlinkMessage;

namespace {

constexpr kernel::RouteTarget target{.ifindex = 5, .table = kernel::main_route_table};

void require_text(const std::string& text) {
  require(text.find('\0') == std::string::npos);
}

void check_verdict(const NetlinkMessage& message) {
  const kernel::NetlinkVerdict verdict = kernel::read_verdict(message);
  require(verdict.code >= 0 && verdict.code <= 4095);
  require_text(verdict.words);
}

void check_link(const NetlinkMessage& message) {
  if (const std::optional<kernel::LinkEvent> event = kernel::read_link(message)) {
    require(event->kind != kernel::LinkEvent::Kind::overrun);
    require(event->ifindex != 0 && event->ifindex <= 0x7fffffff && !event->name.empty());
    require_text(event->name);
  }
  if (const std::optional<std::string> kind = kernel::read_link_kind(message)) require_text(*kind);
}

void check_family(const NetlinkMessage& message) {
  const std::optional<kernel::FamilyEvent> event = kernel::read_family_event(message);
  if (!event) return;
  require(event->kind != kernel::FamilyEvent::Kind::overrun);
  require(event->family.id >= GENL_MIN_ID && !event->family.name.empty());
  require_text(event->family.name);
  for (const kernel::GenericFamily::Group& group : event->family.groups) {
    require(group.id != 0 && !group.name.empty());
    require(event->family.group(group.name).has_value());
  }
}

void check_message(const NetlinkMessage& message) {
  check_verdict(message);
  check_link(message);
  check_family(message);
  if (const std::optional<IpPrefix> prefix = kernel::read_route(message, target))
    require_sound(*prefix);
  if (const std::optional<kernel::AddressSubnet> subnet = kernel::read_subnet(message))
    require_sound(subnet->prefix);
  for (const IpAddress& hop : kernel::read_next_hops(message, target.table))
    require(!hop.to_string().empty());
  const std::optional<kernel::DeviceIdentity> identity =
      kernel::read_identity(kernel::genl_attributes(message));
  if (!identity) return;
  require(identity->ifindex != 0);
  require_text(identity->name);
}

void check_datagram(Bytes datagram) {
  std::size_t used = 0;
  for (const NetlinkMessage& message : kernel::split_datagram(datagram)) {
    used += sizeof(nlmsghdr);
    require(message.payload.data() >= datagram.data() + used);
    used =
        static_cast<std::size_t>(message.payload.data() - datagram.data()) + message.payload.size();
    require(used <= datagram.size());
    check_message(message);
  }
}

void check_written_route(Input input) {
  IpAddress address{};
  if ((input.number<std::uint8_t>() & 1) != 0) address.family = IpAddress::Family::v6;
  const unsigned length = input.number<std::uint8_t>();
  const Bytes bytes = input.take(address.bits() / 8);
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  const IpPrefix prefix = IpPrefix::covering(address, length);

  kernel::WipedBuffer buffer{kernel::maximum_route_message_bytes};
  kernel::append_route_change(
      target, {.action = kernel::RouteChange::Action::add, .prefix = prefix}, 1, buffer);
  const std::vector<NetlinkMessage> messages = kernel::split_datagram(buffer.filled());
  require(messages.size() == 1 && kernel::read_route(messages.front(), target) == prefix);
  const kernel::RouteTarget elsewhere{.ifindex = target.ifindex, .table = target.table + 1};
  require(!kernel::read_route(messages.front(), elsewhere));
}

} // namespace

void run(Bytes bytes) {
  check_written_route(Input{bytes});
  check_datagram(bytes);
}

} // namespace provisiond::fuzz::fuzz_netlink
