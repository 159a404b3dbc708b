#include "kernel/userspace_device.hpp"

#include "kernel/uapi_socket.hpp"
#include "kernel/uapi_stanza.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <cerrno>

namespace provisiond::kernel {

namespace {

constexpr std::size_t receive_bytes = 16384;

} // namespace

UserspaceDevice::UserspaceDevice(std::string name, std::uint32_t ifindex)
    : name_{std::move(name)}, ifindex_{ifindex}, request_{maximum_operation_bytes} {}

Result<std::unique_ptr<WgDevice>> UserspaceDevice::open(const std::string& name) {
  const std::uint32_t ifindex = if_nametoindex(name.c_str());
  if (ifindex == 0) return fail(Error{fmt::format("there is no interface {}", name), ENODEV});
  std::unique_ptr<UserspaceDevice> device{new UserspaceDevice{name, ifindex}};
  const Result<UapiAnswer> answer = device->get(UapiAnswer::Progress::peers);
  if (!answer) return fail(answer.error());
  device->one_stanza_ = answer->carries_fields_over();
  return device;
}

Result<DeviceIdentity> UserspaceDevice::identity() {
  Result<UapiAnswer> answer = get(UapiAnswer::Progress::peers);
  if (!answer) return fail(answer.error());
  DeviceIdentity identity = answer->take_identity();
  identity.ifindex = ifindex_;
  return identity;
}

// Implementations lock the device while they write it out.
Result<PeerList> UserspaceDevice::peers() {
  Result<UapiAnswer> answer = get(UapiAnswer::Progress::complete);
  if (!answer) return fail(answer.error());
  return PeerList{.peers = answer->take_peers(), .is_complete = true};
}

std::vector<Status> UserspaceDevice::apply(std::span<const PeerChange> changes) {
  if (const Status here = check_interface(); !here) return {changes.size(), here};
  std::vector<Status> statuses;
  statuses.reserve(changes.size());
  while (statuses.size() < changes.size()) {
    const std::span<const PeerChange> left = changes.subspan(statuses.size());
    const std::size_t length = one_stanza_ ? 1 : operation_length(left);
    const Result<std::vector<int>> codes = set_batch(left.first(length));
    if (!codes) {
      statuses.resize(changes.size(), fail(codes.error()));
      break;
    }
    for (const int code : *codes)
      statuses.push_back(status_of(code));
  }
  return statuses;
}

Status UserspaceDevice::check_interface() const {
  if (if_nametoindex(name_.c_str()) == ifindex_) return {};
  return fail(Error{fmt::format("interface {} is gone", name_), ENODEV});
}

Result<UapiAnswer> UserspaceDevice::get(UapiAnswer::Progress until) {
  if (const Status here = check_interface(); !here) return fail(here.error());
  append_line("get=1", request_);
  append_line("", request_);
  Result<UapiAnswer> answer = transact(until);
  if (!answer) return answer;
  if (const Status status = status_of(answer->code()); !status) return fail(status.error());
  return answer;
}

Result<UapiAnswer> UserspaceDevice::transact(UapiAnswer::Progress until) {
  const std::string doing = fmt::format("talk to interface {}", name_);
  Result<UapiSocket> socket = UapiSocket::connect(name_);
  const Status sent = socket ? socket->send(request_.filled()) : fail(socket.error());
  request_.clear();
  if (!sent) return fail(sent.error().while_doing(doing));

  UapiAnswer answer;
  WipedBuffer received{receive_bytes};
  UapiAnswer::Progress progress = UapiAnswer::Progress::device;
  while (progress < until) {
    const Result<std::size_t> count = socket->receive(received.room());
    if (!count) return fail(count.error().while_doing(doing));
    received.commit(*count);
    const Result<UapiAnswer::Progress> read = answer.feed(received.filled());
    received.clear();
    if (!read) return fail(read.error().while_doing(doing));
    progress = *read;
  }
  return answer;
}

Result<int> UserspaceDevice::set(std::span<const ChangePart> parts) {
  append_line("set=1", request_);
  for (const ChangePart& part : parts)
    append_stanza(part, request_);
  append_line("", request_);
  const Result<UapiAnswer> answer = transact(UapiAnswer::Progress::complete);
  if (!answer) return fail(answer.error());
  return answer->code();
}

Result<int> UserspaceDevice::set_alone(const PeerChange& change) {
  const std::size_t count = count_parts(change);
  for (std::size_t index = 0; index < count; ++index) {
    const ChangePart part = part_of(change, index);
    Result<int> code = set(std::span{&part, 1});
    if (!code || *code != 0) return code;
  }
  return 0;
}

Result<std::vector<int>> UserspaceDevice::set_batch(std::span<const PeerChange> batch) {
  if (batch.size() > 1) {
    std::vector<ChangePart> parts;
    parts.reserve(batch.size());
    for (const PeerChange& change : batch)
      parts.push_back(part_of(change, 0));
    const Result<int> code = set(parts);
    if (!code) return fail(code.error());
    if (*code == 0) return std::vector<int>(batch.size(), 0);
  }
  std::vector<int> codes;
  codes.reserve(batch.size());
  for (const PeerChange& change : batch) {
    const Result<int> code = set_alone(change);
    if (!code) return fail(code.error());
    codes.push_back(*code);
  }
  return codes;
}

Status UserspaceDevice::status_of(int code) const {
  if (code == 0) return {};
  return fail(Error::system(fmt::format("configure interface {}", name_), code));
}

} // namespace provisiond::kernel
