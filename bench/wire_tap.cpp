#include "bench/wire_tap.hpp"

#include "wire/frame.hpp"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

namespace provisiond::bench {

namespace {

constexpr int buffer_bytes = 16 << 20;

std::optional<WallTime> stamp_of(msghdr& header) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
    return WallTime{std::chrono::seconds{stamp.tv_sec} + std::chrono::nanoseconds{stamp.tv_nsec}};
  }
  return std::nullopt;
}

bool is_handshake(std::span<const std::uint8_t> payload) {
  const bool is_response =
      payload.size() == wire::ResponseLayout::size &&
      payload.front() == static_cast<std::uint8_t>(wire::MessageType::response);
  return is_response || wire::view_initiation(payload).has_value();
}

std::optional<TappedHandshake> handshake_in(std::span<const std::uint8_t> packet, bool is_ours) {
  const std::variant<wire::UdpDatagram, wire::FrameFault> parsed = wire::parse_ip_packet(packet);
  const wire::UdpDatagram* datagram = std::get_if<wire::UdpDatagram>(&parsed);
  if (datagram == nullptr || !is_handshake(datagram->payload)) return std::nullopt;
  return TappedHandshake{.direction = is_ours ? TappedHandshake::Direction::out
                                              : TappedHandshake::Direction::in,
                         .remote = is_ours ? datagram->destination : datagram->source,
                         .at = {}};
}

} // namespace

Result<WireTap> WireTap::open(const std::string& device) {
  UniqueFd socket{::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!socket) return fail(Error::system("open a packet socket", errno));
  const int on = 1;
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
      ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) !=
          0) {
    return fail(Error::system("set up a packet socket", errno));
  }
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(if_nametoindex(device.c_str()));
  if (address.sll_ifindex == 0) return fail(Error::system("find " + device, errno));
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return fail(Error::system("listen on " + device, errno));
  return WireTap{std::move(socket)};
}

Result<std::optional<TappedHandshake>> WireTap::next(TimePoint deadline) {
  while (true) {
    Result<std::optional<TappedHandshake>> heard = receive();
    if (!heard) {
      if (heard.error().code() != EAGAIN) return heard;
      const Duration left = deadline - Clock::now();
      if (left <= Duration::zero()) return std::optional<TappedHandshake>{};
      pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
      const std::chrono::milliseconds wait = std::chrono::ceil<std::chrono::milliseconds>(left);
      if (::poll(&readable, 1, static_cast<int>(wait.count())) < 0 && errno != EINTR)
        return fail(Error::system("wait for packets", errno));
    } else if (*heard) {
      return heard;
    }
  }
}

// One packet: a handshake message, or something else (nullopt); EAGAIN when there is none.
Result<std::optional<TappedHandshake>> WireTap::receive() {
  std::array<std::uint8_t, 2048> bytes;
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(timespec))> control{};
  sockaddr_ll address{};
  iovec vector{.iov_base = bytes.data(), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_name = &address;
  header.msg_namelen = sizeof address;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const ssize_t size = ::recvmsg(socket_.get(), &header, 0);
  if (size < 0) return fail(Error::system("receive", errno));
  std::optional<TappedHandshake> message =
      handshake_in(std::span{bytes}.first(static_cast<std::size_t>(size)),
                   address.sll_pkttype == PACKET_OUTGOING);
  if (message) message->at = stamp_of(header).value_or(WallTime{});
  return message;
}

} // namespace provisiond::bench
