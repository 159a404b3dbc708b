#include "kernel/local_address.hpp"

#include "base/unique_fd.hpp"

#include <sys/socket.h>

namespace provisiond::kernel {

bool is_local_address(const IpAddress& address, std::uint32_t ifindex) {
  const Endpoint any_port{.address = address, .port = 0, .scope = ifindex};
  sockaddr_storage wanted{};
  const socklen_t length = any_port.to_sockaddr(wanted);
  const UniqueFd socket{::socket(wanted.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) return false;
  const int device = static_cast<int>(ifindex);
  return ::setsockopt(socket.get(), SOL_SOCKET, SO_BINDTOIFINDEX, &device, sizeof device) == 0 &&
         ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&wanted), length) == 0;
}

} // namespace provisiond::kernel
