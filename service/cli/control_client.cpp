#include "cli/control_client.hpp"

#include "cli/control_answer.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>

namespace provisiond::cli {
namespace {

constexpr timeval patience{.tv_sec = 10, .tv_usec = 0}; // more than the daemon has with us

Error lost(const std::string& socket, int code) {
  return Error{Error::system("ask the daemon at " + socket, code).message(), ENOTCONN};
}

Result<UniqueFd> connect_to(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path)
    return fail(Error{fmt::format("{}: too long for a socket's path", socket), EINVAL});
  std::memcpy(address.sun_path, socket.data(), socket.size());
  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!fd) return fail(Error::system("make a socket", errno));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return fd;
  if (errno == EACCES || errno == EPERM) {
    return fail(
        Error{fmt::format("{}: only root and members of control.group may ask", socket), EPERM});
  }
  return fail(Error{fmt::format("no daemon answers at {} ({}); is it running, and is --socket its "
                                "control.socket?",
                                socket, std::system_category().message(errno)),
                    ENOTCONN});
}

// The daemon may have closed already, after saying why: what it said is what counts.
void send_all(const UniqueFd& fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

} // namespace

Status ask_daemon(const std::string& socket, std::string_view request,
                  const std::function<void(std::string_view line)>& take_line) {
  const Result<UniqueFd> fd = connect_to(socket);
  if (!fd) return fail(fd.error());
  send_all(*fd, request);
  ControlAnswer answer;
  std::array<char, 65536> bytes{};
  while (true) {
    const ssize_t count = ::recv(fd->get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(lost(socket, errno));
    if (count == 0) return fail(lost(socket, ECONNRESET));
    const std::string_view heard{bytes.data(), static_cast<std::size_t>(count)};
    const std::optional<Status> ended = answer.hear(heard, take_line);
    if (ended) return *ended;
  }
}

} // namespace provisiond::cli
