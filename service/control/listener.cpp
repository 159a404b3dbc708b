#include "control/listener.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

namespace provisiond::control {
namespace {

constexpr mode_t socket_mode = 0660;
constexpr mode_t folder_mode = 0755;
constexpr int backlog = 16;
constexpr const char* remedy = "; set control.socket or control.enabled: false";

Error problem(const std::string& path, int code) {
  return Error{Error::system("control socket " + path, code).message() + remedy, code};
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(problem(path, ENAMETOOLONG));
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Status make_folder(const std::string& path) {
  const std::string folder = std::filesystem::path{path}.parent_path().string();
  if (::mkdir(folder.c_str(), folder_mode) != 0)
    return errno == EEXIST ? Status{} : fail(problem(path, errno));
  if (::chmod(folder.c_str(), folder_mode) != 0) return fail(problem(path, errno)); // umask
  return {};
}

// Takes a socket away that nobody listens at.
Status make_room(const std::string& path, const sockaddr_un& address) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0)
    return errno == ENOENT ? Status{} : fail(problem(path, errno));
  if (!S_ISSOCK(found.st_mode)) {
    return fail(
        Error{fmt::format("control socket {}: there is a file that is no socket{}", path, remedy),
              EEXIST});
  }
  const UniqueFd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!probe) return fail(problem(path, errno));
  const int connected =
      ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (connected == 0 || errno == EAGAIN) {
    return fail(
        Error{fmt::format("control socket {}: another daemon listens there{}", path, remedy),
              EADDRINUSE});
  }
  if (errno != ECONNREFUSED) return fail(problem(path, errno));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail(problem(path, errno));
  return {};
}

} // namespace

Result<Listener> Listener::open(const std::string& path, std::optional<gid_t> group) {
  const Result<sockaddr_un> address = address_of(path);
  if (!address) return fail(address.error());
  Status status = make_folder(path);
  if (status) status = make_room(path, *address);
  if (!status) return fail(status.error());
  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (!fd) return fail(problem(path, errno));
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) != 0)
    return fail(problem(path, errno));
  Listener listener{std::move(fd), path};
  struct stat made {};
  if (::lstat(path.c_str(), &made) != 0) return fail(problem(path, errno));
  listener.device_ = made.st_dev;
  listener.inode_ = made.st_ino;
  // Nobody gets in before `listen`, so the order of these does not matter.
  if (group && ::lchown(path.c_str(), static_cast<uid_t>(-1), *group) != 0) {
    return fail(Error{
        Error::system("control socket " + path + ": hand it to control.group", errno).message() +
            "; the daemon must be a member of the group",
        EPERM});
  }
  if (::chmod(path.c_str(), socket_mode) != 0 || ::listen(listener.fd(), backlog) != 0)
    return fail(problem(path, errno));
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : fd_{std::move(other.fd_)}, path_{std::exchange(other.path_, {})}, device_{other.device_},
      inode_{other.inode_} {}

Listener::~Listener() {
  struct stat found {};
  if (path_.empty() || ::lstat(path_.c_str(), &found) != 0) return;
  if (found.st_dev == device_ && found.st_ino == inode_) ::unlink(path_.c_str());
}

} // namespace provisiond::control
