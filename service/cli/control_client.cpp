#include "cli/control_client.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
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

using nlohmann::json;

constexpr timeval patience{.tv_sec = 10, .tv_usec = 0}; // more than the daemon has with us
constexpr std::size_t longest_line = 1'048'576;

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

int code_of(const std::string& word) {
  if (word == "usage") return EINVAL;
  if (word == "refused") return EPERM;
  if (word == "not_found") return ENOENT;
  return ENOTCONN; // busy: worth trying again
}

// Whether the line is the last one, and how it ends.
std::optional<Status> end_of(std::string_view line) {
  const json value = json::parse(line.begin(), line.end(), nullptr, false);
  if (!value.is_object()) return fail(Error{"the daemon's answer is not understood"});
  if (value.contains("done")) return Status{};
  if (!value.contains("error")) return std::nullopt;
  return fail(Error{value.value("error", "unknown error"), code_of(value.value("code", ""))});
}

} // namespace

Status ask_daemon(const std::string& socket, std::string_view request,
                  const std::function<void(std::string_view line)>& take_line) {
  const Result<UniqueFd> fd = connect_to(socket);
  if (!fd) return fail(fd.error());
  send_all(*fd, request);
  std::string waiting;
  std::array<char, 65536> bytes{};
  while (waiting.size() < longest_line) {
    const ssize_t count = ::recv(fd->get(), bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return fail(lost(socket, errno));
    if (count == 0) return fail(lost(socket, ECONNRESET));
    waiting.append(bytes.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = waiting.find('\n', begin)) != std::string::npos;
         begin = end + 1) {
      const std::string_view line = std::string_view{waiting}.substr(begin, end - begin);
      const std::optional<Status> status = end_of(line);
      if (status) return *status;
      take_line(line);
    }
    waiting.erase(0, begin);
  }
  return fail(Error{"the daemon's answer is not understood"});
}

} // namespace provisiond::cli
