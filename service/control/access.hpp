#pragma once

#include "base/result.hpp"

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace provisiond::control {

// Who is at the other end of a UNIX socket, as it was when they connected; the kernel says so.
struct Credentials {
  uid_t user = 0;
  gid_t group = 0;
  std::vector<gid_t> more_groups;
};
Result<Credentials> credentials_of(int fd);

// Who may use the control socket: root, the daemon's own user, and the members of one group.
struct Access {
  uid_t own_user = 0;
  std::optional<gid_t> group;
};
[[nodiscard]] bool is_allowed(const Access& access, const Credentials& client);

// A group's number by its name.
Result<gid_t> find_group(const std::string& name);

} // namespace provisiond::control
