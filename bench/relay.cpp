#include "bench/relay.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <span>
#include <utility>

namespace provisiond::bench {

namespace {

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Error::system(path, ENAMETOOLONG));
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));
  return address;
}

bool send_all(int fd, std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

// Until one side hangs up; then the other one is told.
void carry(int from, int to, Duration delay) {
  std::array<std::uint8_t, 65'536> buffer;
  while (true) {
    const ssize_t received = ::recv(from, buffer.data(), buffer.size(), 0);
    if (received <= 0) break;
    std::this_thread::sleep_for(delay);
    if (!send_all(to, std::span{buffer}.first(static_cast<std::size_t>(received)))) break;
  }
  ::shutdown(to, SHUT_WR);
}

} // namespace

Result<std::unique_ptr<Relay>> Relay::open(const Setup& setup) {
  const Result<sockaddr_un> address = address_of(setup.near);
  if (!address) return fail(address.error());
  UniqueFd listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!listener) return fail(Error::system("open the relay's socket", errno));
  ::unlink(setup.near.c_str());
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0 ||
      ::listen(listener.get(), 8) != 0) {
    return fail(Error::system("listen at " + setup.near, errno));
  }
  return std::unique_ptr<Relay>{new Relay{setup, std::move(listener)}};
}

Relay::Relay(const Setup& setup, UniqueFd listener)
    : setup_{setup}, listener_{std::move(listener)}, acceptor_{[this] { accept_all(); }} {}

Relay::~Relay() {
  ::shutdown(listener_.get(), SHUT_RDWR); // ends accept
  acceptor_.join();
  connections_.with([](std::vector<std::unique_ptr<Connection>>& connections) {
    for (const std::unique_ptr<Connection>& connection : connections) {
      ::shutdown(connection->near.get(), SHUT_RDWR);
      ::shutdown(connection->far.get(), SHUT_RDWR);
      for (std::thread& thread : connection->threads)
        thread.join();
    }
  });
  ::unlink(setup_.near.c_str());
}

void Relay::accept_all() {
  while (true) {
    UniqueFd near{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (!near) return;
    connect(std::move(near));
  }
}

// Who cannot be connected is hung up on.
void Relay::connect(UniqueFd near) {
  const Result<sockaddr_un> address = address_of(setup_.far);
  UniqueFd far{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!address || !far) return;
  if (::connect(far.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return;
  std::unique_ptr<Connection> connection = std::make_unique<Connection>();
  connection->near = std::move(near);
  connection->far = std::move(far);
  const int client = connection->near.get();
  const int server = connection->far.get();
  connection->threads.emplace_back(carry, client, server, setup_.delay);
  connection->threads.emplace_back(carry, server, client, setup_.delay);
  connections_.with([&](std::vector<std::unique_ptr<Connection>>& connections) {
    connections.push_back(std::move(connection));
  });
}

} // namespace provisiond::bench
