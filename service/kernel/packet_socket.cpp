#include "kernel/packet_socket.hpp"

#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <climits>
#include <cstring>
#include <ctime>
#include <utility>

namespace provisiond::kernel {

namespace {

// Of the two, only the forced one may go beyond net.core.rmem_max; the kernel doubles either.
Result<std::size_t> size_buffer(int fd, std::size_t buffer_bytes) {
  const int wanted = static_cast<int>(std::min<std::size_t>(buffer_bytes, INT_MAX / 2));
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) != 0 &&
      ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted) != 0) {
    return fail(Error::system("set the receive buffer of a packet socket", errno));
  }
  int granted = 0;
  socklen_t length = sizeof granted;
  if (::getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &granted, &length) != 0) {
    return fail(Error::system("read the receive buffer of a packet socket", errno));
  }
  return static_cast<std::size_t>(granted);
}

Status bind_to_protocol(int fd, std::uint16_t protocol) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(protocol);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail(Error::system("bind a packet socket", errno));
  }
  return {};
}

// Reported once and then forgotten by the kernel; the socket goes on.
bool is_passing_fault(int code) {
  return code == ENETDOWN || code == ENOBUFS || code == ENOMEM;
}

std::optional<WallTime> timestamp_of(msghdr& header) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_TIMESTAMPNS) continue;
    timespec stamp{};
    std::memcpy(&stamp, CMSG_DATA(item), sizeof stamp);
    return WallTime{std::chrono::seconds{stamp.tv_sec} + std::chrono::nanoseconds{stamp.tv_nsec}};
  }
  return std::nullopt;
}

} // namespace

// On the heap, because the message headers point into the other arrays.
struct PacketSocket::Buffers {
  struct Slot {
    std::array<std::uint8_t, packet_bytes> bytes;
    sockaddr_ll address;
    iovec vector;
    alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(timespec))> control;
  };

  std::array<Slot, batch_size> slots;
  std::array<mmsghdr, batch_size> headers;
  std::array<ReceivedPacket, batch_size> packets;

  // The kernel overwrites lengths and flags, so each batch begins with this.
  void prepare() {
    for (std::size_t i = 0; i < batch_size; ++i) {
      Slot& slot = slots[i];
      slot.vector = iovec{slot.bytes.data(), slot.bytes.size()};
      headers[i] = mmsghdr{};
      msghdr& header = headers[i].msg_hdr;
      header.msg_name = &slot.address;
      header.msg_namelen = sizeof slot.address;
      header.msg_iov = &slot.vector;
      header.msg_iovlen = 1;
      header.msg_control = slot.control.data();
      header.msg_controllen = slot.control.size();
    }
  }

  std::span<const ReceivedPacket> finish(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      msghdr& header = headers[i].msg_hdr;
      packets[i] = ReceivedPacket{
          .bytes = std::span<const std::uint8_t>{slots[i].bytes}.first(headers[i].msg_len),
          .ifindex = static_cast<std::uint32_t>(slots[i].address.sll_ifindex),
          .received_at = timestamp_of(header),
      };
    }
    return std::span<const ReceivedPacket>{packets}.first(count);
  }
};

PacketSocket::PacketSocket(UniqueFd fd)
    : fd_{std::move(fd)}, buffers_{std::make_unique<Buffers>()} {}
PacketSocket::PacketSocket(PacketSocket&&) noexcept = default;
PacketSocket& PacketSocket::operator=(PacketSocket&&) noexcept = default;
PacketSocket::~PacketSocket() = default;

// The order matters: made with protocol 0 the socket hears nothing, so that no packet comes in
// before the filter and the time stamps are on.
Result<PacketSocket> PacketSocket::open(IpAddress::Family family, std::size_t buffer_bytes) {
  UniqueFd fd{::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return fail(Error::system("open a packet socket (needs CAP_NET_RAW)", errno));
  PacketSocket socket{std::move(fd)};

  Status filtered = socket.set_filter(datagram_filter(family, DatagramPattern{}, {}));
  if (!filtered) return fail(filtered.error());
  Result<std::size_t> granted = size_buffer(socket.fd(), buffer_bytes);
  if (!granted) return fail(granted.error());
  socket.granted_buffer_bytes_ = *granted;
  const int on = 1;
  if (::setsockopt(socket.fd(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) {
    return fail(Error::system("turn on time stamps of a packet socket", errno));
  }
  Status bound =
      bind_to_protocol(socket.fd(), family == IpAddress::Family::v4 ? ETH_P_IP : ETH_P_IPV6);
  if (!bound) return fail(bound.error());
  return socket;
}

Status PacketSocket::set_filter(std::span<const sock_filter> program) {
  const sock_fprog attached{static_cast<unsigned short>(program.size()),
                            const_cast<sock_filter*>(program.data())}; // the kernel only reads it
  if (::setsockopt(fd_.get(), SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) != 0) {
    return fail(Error::system("attach the filter of a packet socket", errno));
  }
  return {};
}

Result<std::span<const ReceivedPacket>> PacketSocket::receive() {
  buffers_->prepare();
  int count = -1;
  do {
    count = ::recvmmsg(fd_.get(), buffers_->headers.data(), batch_size, MSG_DONTWAIT, nullptr);
  } while (count < 0 && errno == EINTR);
  if (count >= 0) return buffers_->finish(static_cast<std::size_t>(count));
  if (errno == EAGAIN || errno == EWOULDBLOCK) return std::span<const ReceivedPacket>{};
  if (is_passing_fault(errno)) {
    ++faults_;
    return std::span<const ReceivedPacket>{};
  }
  return fail(Error::system("receive from a packet socket", errno));
}

Result<std::uint64_t> PacketSocket::drops() {
  tpacket_stats since_last{};
  socklen_t length = sizeof since_last;
  if (::getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &since_last, &length) != 0) {
    return fail(Error::system("read the statistics of a packet socket", errno));
  }
  drops_ += since_last.tp_drops; // reading sets the kernel's count to zero
  return drops_;
}

} // namespace provisiond::kernel
