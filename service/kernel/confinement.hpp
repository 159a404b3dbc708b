#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace provisiond::kernel {

// Which system calls a process needs once it has started.
enum class Calls : std::uint8_t {
  service,            // sockets, threads, files for reading
  service_with_probe, // and BPF maps that it holds: look up, update, delete
  probe_loader,       // one socket that it holds, and bpf(2)
};

struct Confinement {
  // Numbers of linux/capability.h. Those that the process does not have it does not get.
  std::vector<int> capabilities{};
  Calls calls = Calls::service;
};

// Takes from this process, for good, what it does not need: every other capability, out of all sets
// (out of the bounding set only with CAP_SETPCAP, and nothing can be executed anyway); privileges
// by executing a file; and the system calls that it has no use for. The user stays who it was, with
// what belongs to it: a root process may still read root's files, but opens none for writing.
//
// A call that nobody expected fails with ENOSYS, so that a library takes another way. What only an
// attacker calls (execve, ptrace, mount, kernel modules, ...) ends the process with SIGSYS.
//
// To be called before the first thread is made: capabilities belong to a thread, and those that
// come later inherit. The filter reaches threads that exist already.
Status confine(const Confinement& confinement);

// Whether the process may use it or could switch it on.
bool has_capability(int capability);

// Names of those that it has, "cap_net_admin,cap_net_raw"; empty when none.
std::string capabilities_text();

} // namespace provisiond::kernel
