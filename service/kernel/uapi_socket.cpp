#include "kernel/uapi_socket.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>

namespace provisiond::kernel {

namespace {

constexpr timeval silence_limit{.tv_sec = 2, .tv_usec = 0};

int code_of_connect(int code) {
  if (code == ECONNREFUSED) return ENODEV;
  return code == EACCES ? EPERM : code;
}

// The kernel says EAGAIN when SO_RCVTIMEO or SO_SNDTIMEO has run out.
int code_of_transfer(int code) {
  return code == EAGAIN || code == EWOULDBLOCK ? ETIMEDOUT : code;
}

} // namespace

std::string UapiSocket::path_of(const std::string& interface) {
  return fmt::format("{}/{}.sock", folder, interface);
}

Result<UapiSocket> UapiSocket::connect(const std::string& interface) {
  const std::string path = path_of(interface);
  const std::string doing = fmt::format("connect to {}", path);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Error::system(doing, ENAMETOOLONG));
  std::copy(path.begin(), path.end(), std::begin(address.sun_path));

  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) return fail(Error::system(doing, errno));
  const bool bounded =
      ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &silence_limit, sizeof silence_limit) == 0 &&
      ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &silence_limit, sizeof silence_limit) == 0;
  if (!bounded) return fail(Error::system(doing, errno));
  int status = 0;
  do {
    status = ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (status != 0 && errno == EINTR);
  if (status != 0) {
    const int code = code_of_transfer(errno);
    const Error cause = Error::system(doing, code);
    return fail(Error{cause.message(), code_of_connect(code)});
  }
  return UapiSocket{std::move(fd)};
}

Status UapiSocket::send(std::span<const std::uint8_t> bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes = bytes.subspan(static_cast<std::size_t>(sent));
    } else if (errno == EPIPE || errno == ECONNRESET) {
      return {};
    } else if (errno != EINTR) {
      return fail(Error::system("send", code_of_transfer(errno)));
    }
  }
  return {};
}

Result<std::size_t> UapiSocket::receive(std::span<std::uint8_t> into) {
  ssize_t received = 0;
  do {
    received = ::recv(fd_.get(), into.data(), into.size(), 0);
  } while (received < 0 && errno == EINTR);
  if (received < 0) return fail(Error::system("receive", code_of_transfer(errno)));
  if (received == 0) return fail(Error{"the other side closed without an answer", ECONNRESET});
  return static_cast<std::size_t>(received);
}

} // namespace provisiond::kernel
