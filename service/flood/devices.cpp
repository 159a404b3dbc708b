#include "flood/devices.hpp"

#include "wire/messages.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace provisiond::flood {

namespace {

constexpr std::size_t descriptors_beside = 64; // of the program itself

Status allow_descriptors(std::size_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail(Error::system("ask how many descriptors are allowed", errno));
  if (limit.rlim_cur >= count) return {};
  limit.rlim_cur = count;
  limit.rlim_max = std::max<rlim_t>(limit.rlim_max, count); // what only root may ask for
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail(Error::system(fmt::format("allow {} descriptors", count), errno));
  return {};
}

std::optional<Answer> answer_in(std::span<const std::uint8_t> packet) {
  if (packet.empty()) return std::nullopt;
  switch (static_cast<wire::MessageType>(packet[0])) {
  case wire::MessageType::response:
    return Answer::response;
  case wire::MessageType::initiation:
    return Answer::initiation;
  case wire::MessageType::cookie_reply:
    return Answer::cookie;
  default:
    return std::nullopt;
  }
}

} // namespace

Result<Devices> Devices::open(const Order& order, const std::vector<Secret<32>>& keys) {
  if (keys.empty() || keys.size() > most_devices)
    return fail(Error{fmt::format("{}: {} keys, 1 to {} are possible", order.keys_file, keys.size(),
                                  most_devices)});
  if (const Status allowed = allow_descriptors(keys.size() + descriptors_beside); !allowed)
    return fail(allowed.error());
  UniqueFd poll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!poll) return fail(Error::system("open epoll", errno));
  Devices devices{order, std::move(poll)};
  devices.devices_.reserve(keys.size());
  for (const Secret<32>& key : keys) {
    if (const Status added = devices.add(key); !added) return fail(added.error());
  }
  return devices;
}

Status Devices::add(const Secret<32>& key) {
  initiator::SenderOptions options{.to = order_.to, .source_prefix = {}};
  if (order_.source_prefix)
    options.from = initiator::source_in(*order_.source_prefix, devices_.size() % order_.sources);
  Result<initiator::PacketSender> socket = initiator::PacketSender::open(options);
  if (!socket)
    return fail(socket.error().while_doing(
        options.from
            ? fmt::format("be {}, which devices need as a local address", options.from->to_string())
            : "open a device's socket"));
  epoll_event readable{.events = EPOLLIN, .data = {.u64 = devices_.size()}};
  if (::epoll_ctl(poll_.get(), EPOLL_CTL_ADD, socket->descriptor(), &readable) != 0)
    return fail(Error::system("watch a socket", errno));
  devices_.push_back(
      {.client = initiator::Client{key, order_.gateway}, .socket = std::move(*socket)});
  return {};
}

Status Devices::send(TimePoint now, Tally& tally) {
  Device& device = devices_[next_];
  next_ = (next_ + 1) % devices_.size();
  device.client.end_session();
  device.begun_at = now;
  device.is_up = false;
  return initiate(device, now, tally);
}

Status Devices::send_with_cookie(TimePoint now, Tally& tally) {
  Device& device = devices_[waiting_.front()];
  waiting_.pop_front();
  if (device.is_up) return {}; // meanwhile
  return initiate(device, now, tally);
}

Status Devices::initiate(Device& device, TimePoint now, Tally& tally) {
  const InitiationBytes initiation = device.client.initiate();
  device.sent_at = now;
  device.is_answered = false;
  Status sent = device.socket.send(initiation);
  if (!sent) return sent;
  tally.note_sent(Kind::valid, initiation.size());
  if (device.client.has_cookie()) ++tally.kinds[index_of(Kind::valid)].with_cookie;
  return {};
}

Status Devices::receive(TimePoint now, Tally& tally) {
  std::array<epoll_event, 256> ready{};
  const int count = ::epoll_wait(poll_.get(), ready.data(), static_cast<int>(ready.size()), 0);
  if (count < 0 && errno != EINTR) return fail(Error::system("wait for packets", errno));
  for (int i = 0; i < count; ++i) {
    const std::size_t number = ready[static_cast<std::size_t>(i)].data.u64;
    const Result<std::optional<initiator::Received>> received =
        devices_[number].socket.take_received();
    if (!received) return fail(received.error());
    if (!*received) continue;
    const Status taken =
        take(number, std::span{(*received)->bytes}.first((*received)->size), now, tally);
    if (!taken) return taken;
  }
  return {};
}

Status Devices::take(std::size_t number, std::span<const std::uint8_t> packet, TimePoint now,
                     Tally& tally) {
  Device& device = devices_[number];
  tally.bytes_received += packet.size();
  const std::optional<Answer> answer = answer_in(packet);
  if (answer && device.is_answered) ++tally.unexpected;
  if (answer && !device.is_answered) {
    device.is_answered = true;
    tally.note_answer(Kind::valid, *answer, now - device.sent_at);
  }
  if (answer == Answer::cookie) {
    if (order_.cookies == Cookies::ignore) return {};
    const bool waits = std::ranges::find(waiting_, number) != waiting_.end();
    device.client.receive(packet);
    if (device.client.has_cookie() && !waits) waiting_.push_back(number);
    return {};
  }
  const std::optional<initiator::Payload> reply = device.client.receive(packet);
  if (!device.is_up && device.client.has_session()) {
    device.is_up = true;
    tally.handshakes.add(now - device.begun_at);
  }
  if (!reply) return {};
  tally.bytes_sent += reply->size();
  return device.socket.send(*reply);
}

} // namespace provisiond::flood
