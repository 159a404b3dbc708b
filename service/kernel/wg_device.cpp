#include "kernel/wg_device.hpp"

#include "kernel/netlink_device.hpp"
#include "kernel/uapi_socket.hpp"
#include "kernel/userspace_device.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>

namespace provisiond::kernel {

namespace {

// As the kernel has it (dev_valid_name), so that a name never leads out of the sockets' folder.
bool is_interface_name(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ || name == "." || name == "..") return false;
  return std::none_of(name.begin(), name.end(), [](char character) {
    const unsigned char byte = static_cast<unsigned char>(character);
    return byte == '/' || byte == ':' || byte == 0 || byte == ' ' || (byte >= 9 && byte <= 13);
  });
}

// Whether the Error says that no process serves the interface, so that the kernel may have it.
bool is_unserved(const Error& error) {
  return error.code() == ENOENT || error.code() == ENODEV;
}

Result<std::unique_ptr<WgDevice>> open_automatic(const std::string& name) {
  Result<std::unique_ptr<WgDevice>> userspace = UserspaceDevice::open(name);
  if (userspace || !is_unserved(userspace.error())) return userspace;
  Result<std::unique_ptr<WgDevice>> netlink = NetlinkDevice::open(name);
  if (netlink || netlink.error().code() != EPROTONOSUPPORT) return netlink;
  return fail(Error{fmt::format("interface {}: {}, and no process serves {}", name,
                                netlink.error().message(), UapiSocket::path_of(name)),
                    EPROTONOSUPPORT});
}

} // namespace

Result<std::unique_ptr<WgDevice>> open_device(const std::string& name, Backend backend) {
  if (!is_interface_name(name)) {
    return fail(Error{fmt::format("'{}' is not the name of an interface", name), EINVAL});
  }
  switch (backend) {
  case Backend::netlink:
    return NetlinkDevice::open(name);
  case Backend::userspace:
    return UserspaceDevice::open(name);
  case Backend::automatic:
    break;
  }
  return open_automatic(name);
}

} // namespace provisiond::kernel
