#include "initiation_listener.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>

namespace provisiond::test {

InitiationListener::InitiationListener()
    : fd_{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)},
      endpoint_{Endpoint::parse("127.0.0.1:0").value()} {
  sockaddr_storage address{};
  socklen_t length = endpoint_.to_sockaddr(address);
  sockaddr* generic = reinterpret_cast<sockaddr*>(&address);
  if (::bind(fd_.get(), generic, length) != 0) return;
  length = sizeof address;
  if (::getsockname(fd_.get(), generic, &length) != 0) return;
  endpoint_ = Endpoint::from(generic, length).value_or(endpoint_);
}

int InitiationListener::count(std::chrono::milliseconds silence) const {
  int initiations = 0;
  pollfd readable{.fd = fd_.get(), .events = POLLIN, .revents = 0};
  std::array<std::uint8_t, 256> packet{};
  while (::poll(&readable, 1, static_cast<int>(silence.count())) == 1) {
    const ssize_t length = ::recv(fd_.get(), packet.data(), packet.size(), 0);
    if (length == 148 && packet[0] == 1) ++initiations;
  }
  return initiations;
}

} // namespace provisiond::test
