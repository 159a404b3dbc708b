#include "kernel/netlink_socket.hpp"

#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

namespace provisiond::kernel {

namespace {

constexpr timeval answer_limit{.tv_sec = 2, .tv_usec = 0};
// Room for some thousand acknowledgements, whose bookkeeping is far larger than they are.
constexpr int receive_queue_bytes = 1 << 20;

Status set_option(int fd, int name, std::span<const std::uint8_t> value) {
  if (::setsockopt(fd, SOL_SOCKET, name, value.data(), static_cast<socklen_t>(value.size())) == 0) {
    return {};
  }
  return fail(Error::system("set up a netlink socket", errno));
}

template <class Value>
std::span<const std::uint8_t> bytes_of(const Value& value) {
  return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

} // namespace

void NetlinkSocket::Close::operator()(mnl_socket* socket) const {
  mnl_socket_close(socket);
}

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  NetlinkSocket socket{mnl_socket_open2(protocol, SOCK_CLOEXEC)};
  if (!socket.socket_) return fail(Error::system("open a netlink socket", errno));
  if (const Status status = socket.configure(); !status) return fail(status.error());
  if (mnl_socket_bind(socket.socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0) {
    return fail(Error::system("bind a netlink socket", errno));
  }
  return socket;
}

Result<NetlinkSocket> NetlinkSocket::subscribe(int protocol, unsigned groups) {
  NetlinkSocket socket{mnl_socket_open2(protocol, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (!socket.socket_) return fail(Error::system("open a netlink socket", errno));
  if (mnl_socket_bind(socket.socket_.get(), groups, MNL_SOCKET_AUTOPID) != 0) {
    return fail(Error::system("subscribe to netlink groups", errno));
  }
  return socket;
}

Status NetlinkSocket::configure() {
  int on = 1;
  for (const int option : {NETLINK_CAP_ACK, NETLINK_EXT_ACK}) {
    if (mnl_socket_setsockopt(socket_.get(), option, &on, sizeof on) != 0) {
      return fail(Error::system("set up a netlink socket", errno));
    }
  }
  // Beyond net.core.rmem_max only with CAP_NET_ADMIN; without it nothing can be configured either,
  // and what can be read fits the default.
  [[maybe_unused]] const Status larger =
      set_option(fd(), SO_RCVBUFFORCE, bytes_of(receive_queue_bytes));
  return set_option(fd(), SO_RCVTIMEO, bytes_of(answer_limit));
}

int NetlinkSocket::fd() const {
  return mnl_socket_get_fd(socket_.get());
}

Status NetlinkSocket::set_receive_buffer(std::size_t bytes) {
  const int wanted = static_cast<int>(std::min<std::size_t>(bytes, INT_MAX / 2));
  if (set_option(fd(), SO_RCVBUFFORCE, bytes_of(wanted))) return {};
  return set_option(fd(), SO_RCVBUF, bytes_of(wanted));
}

Result<std::size_t> NetlinkSocket::receive_buffer() const {
  int granted = 0;
  socklen_t length = sizeof granted;
  if (::getsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &granted, &length) != 0) {
    return fail(Error::system("read the receive buffer of a netlink socket", errno));
  }
  return static_cast<std::size_t>(granted);
}

Result<std::uint64_t> NetlinkSocket::drops() const {
  std::array<std::uint32_t, SK_MEMINFO_VARS> figures{};
  socklen_t length = sizeof figures;
  if (::getsockopt(fd(), SOL_SOCKET, SO_MEMINFO, figures.data(), &length) != 0) {
    return fail(Error::system("count the drops of a netlink socket", errno));
  }
  return figures[SK_MEMINFO_DROPS];
}

Status NetlinkSocket::filter_dumps() {
  int on = 1;
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_GET_STRICT_CHK, &on, sizeof on) == 0) return {};
  return fail(Error::system("have netlink dumps filtered", errno));
}

Status NetlinkSocket::join(std::uint32_t group) {
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0) {
    return {};
  }
  return fail(Error::system("join a netlink multicast group", errno));
}

Status NetlinkSocket::leave(std::uint32_t group) {
  if (mnl_socket_setsockopt(socket_.get(), NETLINK_DROP_MEMBERSHIP, &group, sizeof group) == 0) {
    return {};
  }
  return fail(Error::system("leave a netlink multicast group", errno));
}

Status NetlinkSocket::send(std::span<const std::uint8_t> messages) {
  ssize_t sent = 0;
  do {
    sent = mnl_socket_sendto(socket_.get(), messages.data(), messages.size());
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return fail(Error::system("send to the kernel", errno));
  return {};
}

Status NetlinkSocket::receive(WipedBuffer& into) {
  into.clear();
  sockaddr_nl sender{};
  do {
    const std::span<std::uint8_t> room = into.room();
    iovec piece{.iov_base = room.data(), .iov_len = room.size()};
    msghdr header{};
    header.msg_name = &sender;
    header.msg_namelen = sizeof sender;
    header.msg_iov = &piece;
    header.msg_iovlen = 1;
    const ssize_t received = ::recvmsg(fd(), &header, 0);
    if (received < 0 && errno == EINTR) continue;
    if (received < 0) return fail(Error::system("receive from the kernel", errno));
    if ((header.msg_flags & MSG_TRUNC) != 0) {
      return fail(Error::system("receive from the kernel", EMSGSIZE));
    }
    // Whoever is not the kernel (port 0) has nothing to say here.
    if (sender.nl_pid == 0) into.commit(static_cast<std::size_t>(received));
  } while (into.empty());
  return {};
}

} // namespace provisiond::kernel
