#include "control/access.hpp"

#include <fmt/format.h>
#include <grp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace provisiond::control {

Result<Credentials> credentials_of(int fd) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
    return fail(Error::system("ask who is at the control socket", errno));
  Credentials credentials{.user = peer.uid, .group = peer.gid, .more_groups = {}};
  std::vector<gid_t> groups(64);
  length = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0) {
    if (errno != ERANGE) return fail(Error::system("ask for their groups", errno));
    groups.resize(length / sizeof(gid_t)); // as many as there are
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &length) != 0)
      return fail(Error::system("ask for their groups", errno));
  }
  groups.resize(length / sizeof(gid_t));
  credentials.more_groups = std::move(groups);
  return credentials;
}

bool is_allowed(const Access& access, const Credentials& client) {
  if (client.user == 0 || client.user == access.own_user) return true;
  if (!access.group) return false;
  return client.group == *access.group ||
         std::ranges::find(client.more_groups, *access.group) != client.more_groups.end();
}

Result<gid_t> find_group(const std::string& name) {
  group entry{};
  group* found = nullptr;
  std::array<char, 65536> buffer{};
  const int code = ::getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (code != 0) return fail(Error::system(fmt::format("look for the group {}", name), code));
  if (found == nullptr) return fail(Error{fmt::format("there is no group {}", name), ENOENT});
  return found->gr_gid;
}

} // namespace provisiond::control
