#include "kernel/netlink_device.hpp"

#include "kernel/generic_family.hpp"
#include "kernel/link_kind.hpp"

#include <fmt/format.h>
#include <linux/netlink.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <optional>

namespace provisiond::kernel {

namespace {

// A link of another kind is no matter for the module; it says so itself when asked.
Result<WgDialect> dialect_of(std::uint32_t ifindex) {
  const Result<std::string> kind = link_kind(ifindex);
  if (!kind) return fail(kind.error());
  return dialect_of_kind(*kind).value_or(WgDialect::wireguard);
}

Error explain_family(WgDialect dialect, const Error& cause) {
  if (cause.code() != ENOENT) return cause;
  return Error{fmt::format("the kernel has no {} (load the module: modprobe {})",
                           dialect == WgDialect::wireguard ? "WireGuard" : "AmneziaWG",
                           to_string(dialect)),
               EPROTONOSUPPORT};
}

} // namespace

NetlinkDevice::NetlinkDevice(std::string name, WgDialect dialect, WgTarget target,
                             NetlinkSocket socket)
    : name_{std::move(name)}, dialect_{dialect}, target_{target}, socket_{std::move(socket)},
      answer_{NetlinkSocket::datagram_bytes} {}

Result<std::unique_ptr<WgDevice>> NetlinkDevice::open(const std::string& name) {
  const std::uint32_t ifindex = if_nametoindex(name.c_str());
  if (ifindex == 0) return fail(Error{fmt::format("there is no interface {}", name), ENODEV});
  const Result<WgDialect> dialect = dialect_of(ifindex);
  if (!dialect) return fail(dialect.error().while_doing(fmt::format("interface {}", name)));
  Result<NetlinkSocket> socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return fail(socket.error());
  const Result<GenericFamily> family = resolve_family(*socket, to_string(*dialect));
  if (!family) return fail(explain_family(*dialect, family.error()));
  const WgTarget target{.family = family->id,
                        .ifindex = ifindex,
                        .keepalive = keepalive_format(*dialect, family->version)};
  std::unique_ptr<NetlinkDevice> device{
      new NetlinkDevice{name, *dialect, target, std::move(*socket)}};
  const Result<DeviceIdentity> identity = device->identity();
  if (!identity) return fail(identity.error());
  return device;
}

Result<DeviceIdentity> NetlinkDevice::identity() {
  std::optional<DeviceIdentity> identity;
  const Result<DumpEnd> end = dump([&](std::span<const std::uint8_t> attributes) {
    identity = read_identity(attributes);
    return Visit::stop;
  });
  if (!end) return fail(end.error());
  if (!identity) return fail(explain({.code = EPROTO, .words = "the dump names no interface"}));
  if (identity->name != name_) {
    return fail(Error{fmt::format("interface {} is called {} now", name_, identity->name), ENODEV});
  }
  return std::move(*identity);
}

Result<PeerList> NetlinkDevice::peers() {
  Result<PeerList> first = dump_peers();
  if (!first || first->is_complete || first->peers.size() > most_peers_read_again) return first;
  Result<PeerList> second = dump_peers();
  if (!second) return second;
  const bool is_better = second->is_complete || second->peers.size() > first->peers.size();
  return is_better ? std::move(second) : std::move(first);
}

Result<PeerList> NetlinkDevice::dump_peers() const {
  PeerDump peers;
  const Result<DumpEnd> end = dump([&](std::span<const std::uint8_t> attributes) {
    peers.add(attributes);
    return Visit::next;
  });
  if (!end) return fail(end.error());
  if (*end == DumpEnd::complete) return PeerList{.peers = peers.take(), .is_complete = true};
  return PeerList{.peers = peers.take_told_whole(), .is_complete = false};
}

std::vector<Status> NetlinkDevice::apply(std::span<const PeerChange> changes) {
  std::vector<Status> statuses(changes.size());
  for (std::size_t index = 0; index < changes.size(); ++index) {
    const std::size_t parts = count_parts(changes[index]);
    for (std::size_t part = 0; part < parts; ++part) {
      const Status flushed = batch_.has_room() ? Status{} : flush(statuses);
      if (!flushed) {
        std::fill(statuses.begin() + static_cast<std::ptrdiff_t>(index), statuses.end(), flushed);
        return statuses;
      }
      batch_.append(target_, part_of(changes[index], part), socket_.next_sequence(), index);
    }
  }
  [[maybe_unused]] const Status flushed = flush(statuses);
  return statuses;
}

Status NetlinkDevice::flush(std::vector<Status>& statuses) {
  Status exchanged = exchange(statuses);
  for (const std::size_t owner : batch_.finish()) {
    if (statuses[owner]) statuses[owner] = exchanged;
  }
  return exchanged;
}

Status NetlinkDevice::exchange(std::vector<Status>& statuses) {
  if (batch_.messages().empty()) return {};
  const Status sent = socket_.send(batch_.messages());
  batch_.wipe_messages();
  if (!sent) return fail(explain({.code = sent.error().code(), .words = "send"}));
  while (batch_.waiting() > 0) {
    const Status received = socket_.receive(answer_);
    if (!received) return fail(explain({.code = received.error().code(), .words = "receive"}));
    for (const NetlinkMessage& message : split_datagram(answer_.filled())) {
      const std::optional<ChangeBatch::Answer> answer = batch_.accept(message);
      if (answer) take_answer(*answer, statuses[answer->owner]);
    }
  }
  return {};
}

void NetlinkDevice::take_answer(const ChangeBatch::Answer& answer, Status& status) const {
  if (answer.verdict.code != 0 && status) status = fail(explain(answer.verdict));
}

Result<NetlinkDevice::DumpEnd> NetlinkDevice::dump(const Visitor& visit) const {
  Result<NetlinkSocket> socket = NetlinkSocket::open(NETLINK_GENERIC);
  if (!socket) return fail(socket.error());
  WipedBuffer buffer{NetlinkSocket::datagram_bytes};
  const std::uint32_t sequence = socket->next_sequence();
  append_get_device(target_, sequence, buffer);
  const Status sent = socket->send(buffer.filled());
  if (!sent) return fail(explain({.code = sent.error().code(), .words = "send"}));

  bool interrupted = false;
  while (true) {
    const Status received = socket->receive(buffer);
    if (!received) return fail(explain({.code = received.error().code(), .words = "receive"}));
    for (const NetlinkMessage& message : split_datagram(buffer.filled())) {
      if (message.sequence != sequence) continue;
      interrupted = interrupted || (message.flags & NLM_F_DUMP_INTR) != 0;
      if (message.type == NLMSG_ERROR || message.type == NLMSG_DONE) {
        const NetlinkVerdict verdict = read_verdict(message);
        if (verdict.code != 0) return fail(explain(verdict));
        return interrupted ? DumpEnd::interrupted : DumpEnd::complete;
      }
      const bool ours = message.type == target_.family;
      if (ours && visit(genl_attributes(message)) == Visit::stop) return DumpEnd::stopped;
    }
  }
}

Error NetlinkDevice::explain(const NetlinkVerdict& verdict) const {
  if (verdict.code == ENODEV) return Error{fmt::format("interface {} is gone", name_), ENODEV};
  if (verdict.code == EOPNOTSUPP) {
    return Error{fmt::format("interface {} is not a {} interface", name_, to_string(dialect_)),
                 ENODEV};
  }
  Error cause = Error::system(fmt::format("configure {} interface {}", to_string(dialect_), name_),
                              verdict.code);
  if (verdict.code == EPERM) {
    return Error{fmt::format("{} (it takes CAP_NET_ADMIN)", cause.message()), EPERM};
  }
  if (verdict.words.empty()) return cause;
  return Error{fmt::format("{} ({})", cause.message(), verdict.words), verdict.code};
}

} // namespace provisiond::kernel
