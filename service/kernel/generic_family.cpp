#include "kernel/generic_family.hpp"

#include <fmt/format.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>

#include <algorithm>
#include <cerrno>

namespace provisiond::kernel {

namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::string_view controller_name = "nlctrl";
constexpr std::string_view controller_group = "notify";

std::optional<GenericFamily::Group> read_group(Bytes attributes) {
  GenericFamily::Group group;
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    if (type == CTRL_ATTR_MCAST_GRP_NAME) group.name = read_text(payload);
    if (type == CTRL_ATTR_MCAST_GRP_ID) group.id = read_value<std::uint32_t>(payload).value_or(0);
  });
  if (group.name.empty() || group.id == 0) return std::nullopt;
  return group;
}

GenericFamily read_family(Bytes attributes) {
  GenericFamily family;
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    if (type == CTRL_ATTR_FAMILY_NAME) family.name = read_text(payload);
    if (type == CTRL_ATTR_FAMILY_ID) family.id = read_value<std::uint16_t>(payload).value_or(0);
    if (type == CTRL_ATTR_VERSION) family.version = read_value<std::uint32_t>(payload).value_or(0);
    if (type != CTRL_ATTR_MCAST_GROUPS) return;
    for_each_attribute(payload, [&](std::uint16_t, Bytes nest) {
      if (std::optional<GenericFamily::Group> group = read_group(nest))
        family.groups.push_back(std::move(*group));
    });
  });
  return family;
}

struct Question {
  std::uint16_t flags = 0;
  std::string_view name; // empty: all
};

Status ask(NetlinkSocket& socket, const Question& question, std::uint32_t sequence,
           WipedBuffer& buffer) {
  nlmsghdr* header = mnl_nlmsg_put_header(buffer.room().data());
  header->nlmsg_type = GENL_ID_CTRL;
  header->nlmsg_flags = NLM_F_REQUEST | question.flags;
  header->nlmsg_seq = sequence;
  const genlmsghdr control{.cmd = CTRL_CMD_GETFAMILY, .version = 1, .reserved = 0};
  std::memcpy(mnl_nlmsg_put_extra_header(header, sizeof control), &control, sizeof control);
  if (!question.name.empty()) {
    const std::string name{question.name.substr(0, GENL_NAMSIZ - 1)};
    mnl_attr_put_strz(header, CTRL_ATTR_FAMILY_NAME, name.c_str());
  }
  buffer.commit(header->nlmsg_len);
  return socket.send(buffer.filled());
}

// What the controller has to say up to its acknowledgement, or the end of its dump.
Result<std::vector<GenericFamily>> query(NetlinkSocket& socket, const Question& question) {
  WipedBuffer buffer{NetlinkSocket::datagram_bytes};
  const std::uint32_t sequence = socket.next_sequence();
  if (const Status asked = ask(socket, question, sequence, buffer); !asked) {
    return fail(asked.error());
  }
  std::vector<GenericFamily> families;
  while (true) {
    if (const Status received = socket.receive(buffer); !received) return fail(received.error());
    for (const NetlinkMessage& message : split_datagram(buffer.filled())) {
      if (message.sequence != sequence) continue;
      if (message.type == NLMSG_ERROR || message.type == NLMSG_DONE) {
        const int code = read_verdict(message).code;
        if (code == 0) return families;
        return fail(Error::system("ask the kernel for generic netlink families", code));
      }
      std::optional<FamilyEvent> answer = read_family_event(message);
      if (answer) families.push_back(std::move(answer->family));
    }
  }
}

Error no_family(std::string_view name) {
  return Error{fmt::format("the kernel has no generic netlink family {}", name), ENOENT};
}

} // namespace

std::optional<std::uint32_t> GenericFamily::group(std::string_view group_name) const {
  const std::vector<Group>::const_iterator found =
      std::ranges::find_if(groups, [&](const Group& each) { return each.name == group_name; });
  if (found == groups.end()) return std::nullopt;
  return found->id;
}

Result<GenericFamily> resolve_family(NetlinkSocket& socket, std::string_view name) {
  Result<std::vector<GenericFamily>> families = query(socket, {.flags = NLM_F_ACK, .name = name});
  if (!families && families.error().code() != ENOENT) return fail(families.error());
  if (!families || families->empty()) return fail(no_family(name));
  return std::move(families->front());
}

Result<GenericFamily> find_family(NetlinkSocket& socket, std::string_view name) {
  Result<std::vector<GenericFamily>> families = list_families(socket);
  if (!families) return fail(families.error());
  for (GenericFamily& family : *families) {
    if (family.name == name) return std::move(family);
  }
  return fail(no_family(name));
}

Result<std::vector<GenericFamily>> list_families(NetlinkSocket& socket) {
  return query(socket, {.flags = NLM_F_DUMP, .name = {}});
}

std::optional<FamilyEvent> read_family_event(const NetlinkMessage& message) {
  genlmsghdr header{};
  if (message.type != GENL_ID_CTRL || message.payload.size() < sizeof header) return std::nullopt;
  std::memcpy(&header, message.payload.data(), sizeof header);
  if (header.cmd != CTRL_CMD_NEWFAMILY && header.cmd != CTRL_CMD_DELFAMILY) return std::nullopt;
  FamilyEvent event{.kind = header.cmd == CTRL_CMD_NEWFAMILY ? FamilyEvent::Kind::appeared
                                                             : FamilyEvent::Kind::gone,
                    .family = read_family(genl_attributes(message))};
  if (event.family.name.empty() || event.family.id < GENL_MIN_ID) return std::nullopt;
  return event;
}

FamilyMonitor::FamilyMonitor(NetlinkSocket socket)
    : socket_{std::move(socket)}, buffer_{NetlinkSocket::datagram_bytes} {}

Result<FamilyMonitor> FamilyMonitor::open() {
  Result<NetlinkSocket> asker = NetlinkSocket::open(NETLINK_GENERIC);
  if (!asker) return fail(asker.error());
  const Result<GenericFamily> controller = resolve_family(*asker, controller_name);
  if (!controller) return fail(controller.error());
  const std::optional<std::uint32_t> group = controller->group(controller_group);
  if (!group) return fail(Error{"the kernel does not tell of generic netlink families"});

  Result<NetlinkSocket> socket = NetlinkSocket::subscribe(NETLINK_GENERIC, 0);
  if (!socket) return fail(socket.error());
  if (const Status joined = socket->join(*group); !joined) return fail(joined.error());
  return FamilyMonitor{std::move(*socket)};
}

std::vector<FamilyEvent> FamilyMonitor::read() {
  std::vector<FamilyEvent> events;
  for (int count = 0; count < maximum_datagrams; ++count) {
    const Status received = socket_.receive(buffer_);
    if (!received && received.error().code() == EAGAIN) break;
    if (!received) {
      events.push_back({.kind = FamilyEvent::Kind::overrun, .family = {}});
      if (received.error().code() != ENOBUFS) break;
      continue;
    }
    for (const NetlinkMessage& message : split_datagram(buffer_.filled())) {
      if (std::optional<FamilyEvent> event = read_family_event(message))
        events.push_back(std::move(*event));
    }
  }
  return events;
}

} // namespace provisiond::kernel
