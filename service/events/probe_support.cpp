#include "events/probe_support.hpp"

#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <string>

namespace provisiond::events {

namespace {

bool exists(const char* path) {
  return ::access(path, F_OK) == 0;
}

// A module that was loaded, not built into the kernel: those have no such file.
bool is_loaded_module() {
  return exists("/sys/module/wireguard/initstate");
}

bool is_locked_down() {
  std::ifstream file{"/sys/kernel/security/lockdown"};
  std::string line;
  std::getline(file, line);
  return line.find("[confidentiality]") != std::string::npos;
}

} // namespace

std::optional<Error> probe_obstacle() {
  if (!exists("/sys/module/wireguard")) {
    return Error{"the kernel's WireGuard module is not loaded (modprobe wireguard)"};
  }
  if (is_locked_down()) {
    return Error{"the kernel is locked down (confidentiality), which forbids BPF to read memory"};
  }
  if (!exists("/sys/kernel/btf/vmlinux")) {
    return Error{"the kernel has no BTF (it needs CONFIG_DEBUG_INFO_BTF)"};
  }
  if (is_loaded_module() && !exists("/sys/kernel/btf/wireguard")) {
    return Error{"the WireGuard module has no BTF (the kernel needs CONFIG_DEBUG_INFO_BTF_MODULES, "
                 "and a module built apart from it has none)"};
  }
  return std::nullopt;
}

Error probe_not_permitted() {
  return Error{"load the BPF programs: not permitted; it takes CAP_BPF, CAP_PERFMON and "
               "CAP_SYS_ADMIN",
               EPERM};
}

} // namespace provisiond::events
