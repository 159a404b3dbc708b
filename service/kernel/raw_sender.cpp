#include "kernel/raw_sender.hpp"

#include "base/endpoint.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <optional>

namespace provisiond::kernel {

namespace {

// IPPROTO_RAW implies that the header is included, in both families (raw(7), raw6).
Result<UniqueFd> open_raw(int family) {
  UniqueFd fd{::socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW)};
  if (!fd && errno == EPERM) {
    const Error cause = Error::system("open a raw socket", EPERM);
    return fail(Error{fmt::format("{} (it takes CAP_NET_RAW)", cause.message()), EPERM});
  }
  if (!fd) return fail(Error::system("open a raw socket", errno));
  // The least that the kernel allows: nobody reads.
  const int nothing = 0;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_RCVBUF, &nothing, sizeof nothing) != 0) {
    return fail(Error::system("set up a raw socket", errno));
  }
  return fd;
}

std::optional<IpAddress> destination_of(std::span<const std::uint8_t> packet) {
  const unsigned version = packet.empty() ? 0U : packet[0] >> 4U;
  if (version == 4 && packet.size() >= sizeof(iphdr)) {
    return IpAddress::v4(packet.subspan<offsetof(iphdr, daddr), 4>());
  }
  if (version == 6 && packet.size() >= sizeof(ip6_hdr)) {
    return IpAddress::v6(packet.subspan<offsetof(ip6_hdr, ip6_dst), 16>());
  }
  return std::nullopt;
}

} // namespace

Result<RawSender> RawSender::open() {
  Result<UniqueFd> v4 = open_raw(AF_INET);
  if (!v4) return fail(v4.error());
  Result<UniqueFd> v6 = open_raw(AF_INET6);
  if (!v6 && v6.error().code() != EAFNOSUPPORT) return fail(v6.error());
  return RawSender{std::move(*v4), v6 ? std::move(*v6) : UniqueFd{}};
}

Status RawSender::send(std::span<const std::uint8_t> packet, std::uint32_t scope) {
  const std::optional<IpAddress> destination = destination_of(packet);
  if (!destination) return fail(Error::system("send a raw packet", EINVAL));
  const UniqueFd& socket = destination->family == IpAddress::Family::v4 ? v4_ : v6_;
  if (!socket) return fail(Error::system("send a raw packet", EAFNOSUPPORT));

  // The port stays 0: with raw sockets it would mean a protocol.
  sockaddr_storage address{};
  const socklen_t length = Endpoint{.address = *destination, .scope = scope}.to_sockaddr(address);
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&address), length);
  } while (sent < 0 && errno == EINTR);
  if (sent >= 0) return {};
  return fail(
      Error::system(fmt::format("send a raw packet to {}", destination->to_string()), errno));
}

} // namespace provisiond::kernel
