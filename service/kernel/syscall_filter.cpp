#include "kernel/syscall_filter.hpp"

#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <type_traits>
#include <vector>

// The lists go by name, so that they hold on every architecture; a name that an architecture or an
// older library does not have is passed over.

namespace provisiond::kernel {

namespace {

// What the C and C++ libraries do in every process: memory, descriptors, time, threads, reading.
constexpr std::initializer_list<const char*> common_calls = {
    "brk", "madvise", "mincore", "mlock", "mlock2", "mmap", "mmap2", "mprotect", "mremap",
    "munlock", "munmap", "membarrier",
    // descriptors
    "close", "close_range", "dup", "dup2", "dup3", "fcntl", "fcntl64", "lseek", "_llseek", "pipe",
    "pipe2", "poll", "ppoll", "ppoll_time64", "pread64", "preadv", "preadv2", "pwrite64", "pwritev",
    "read", "readv", "recvfrom", "recvmsg", "select", "_newselect", "pselect6", "pselect6_time64",
    "sendmsg", "sendto", "write", "writev",
    // files
    "access", "faccessat", "faccessat2", "fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64",
    "getcwd", "getdents", "getdents64", "lstat", "lstat64", "newfstatat", "readlink", "readlinkat",
    "stat", "stat64", "statfs", "statfs64", "statx", "umask",
    // time
    "clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep",
    "clock_nanosleep_time64", "getrandom", "gettimeofday", "nanosleep", "time", "times",
    // threads and signals
    "arch_prctl", "exit", "exit_group", "futex", "futex_time64", "futex_waitv", "get_robust_list",
    "getcpu", "gettid", "prctl", "restart_syscall", "rseq", "rt_sigaction", "rt_sigpending",
    "rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
    "sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getparam",
    "sched_getscheduler", "sched_yield", "set_robust_list", "set_tid_address", "sigaltstack",
    "sigreturn",
    // what the process is told of itself
    "capget", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
    "getgroups32", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getresgid",
    "getresgid32", "getresuid", "getresuid32", "getrlimit", "getrusage", "getsid", "getuid",
    "getuid32", "sysinfo", "ugetrlimit", "uname"};

// Sockets and the loop. The control socket's file is taken away at the end.
constexpr std::initializer_list<const char*> service_calls = {"accept",
                                                              "accept4",
                                                              "bind",
                                                              "connect",
                                                              "epoll_create",
                                                              "epoll_create1",
                                                              "epoll_ctl",
                                                              "epoll_pwait",
                                                              "epoll_pwait2",
                                                              "epoll_wait",
                                                              "eventfd",
                                                              "eventfd2",
                                                              "getpeername",
                                                              "getsockname",
                                                              "getsockopt",
                                                              "listen",
                                                              "recvmmsg",
                                                              "recvmmsg_time64",
                                                              "sendfile",
                                                              "sendfile64",
                                                              "sendmmsg",
                                                              "setsockopt",
                                                              "shutdown",
                                                              "signalfd",
                                                              "signalfd4",
                                                              "socketpair",
                                                              "timerfd_create",
                                                              "timerfd_gettime",
                                                              "timerfd_gettime64",
                                                              "timerfd_settime",
                                                              "timerfd_settime64",
                                                              "unlink",
                                                              "unlinkat"};

// No library calls these in a process like this one.
constexpr std::initializer_list<const char*> hostile_calls = {
    "execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev", "pidfd_getfd",
    // mounts and namespaces
    "chroot", "fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount",
    "open_tree", "pivot_root", "setns", "umount", "umount2", "unshare",
    // the kernel and the machine
    "acct", "clock_settime", "clock_settime64", "create_module", "delete_module", "finit_module",
    "init_module", "ioperm", "iopl", "kexec_file_load", "kexec_load", "open_by_handle_at",
    "perf_event_open", "quotactl", "quotactl_fd", "reboot", "settimeofday", "stime", "swapoff",
    "swapon", "syslog", "userfaultfd", "vhangup"};

struct Release {
  void operator()(scmp_filter_ctx context) const { seccomp_release(context); }
};

scmp_arg_cmp equals(unsigned argument, std::uint64_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp has_bits(unsigned argument, std::uint64_t mask, std::uint64_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

// Collects rules; the first that fails is what `load` reports.
class Filter {
 public:
  // What no rule names fails as if the kernel did not have it.
  Filter() : context_{seccomp_init(SCMP_ACT_ERRNO(ENOSYS))} {
    if (!context_) problem_ = ENOMEM;
    set(SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    set(SCMP_FLTATR_CTL_TSYNC, 1);
    set(SCMP_FLTATR_CTL_OPTIMIZE, 2); // by a binary tree, not one call after the other
  }

  void add(std::uint32_t action, const char* name, const std::vector<scmp_arg_cmp>& when = {}) {
    const int number = seccomp_syscall_resolve_name(name);
    if (number == __NR_SCMP_ERROR || problem_ != 0) return;
    const int code = seccomp_rule_add_array(context_.get(), action, number,
                                            static_cast<unsigned>(when.size()), when.data());
    if (code != 0 && code != -EDOM) problem_ = -code; // EDOM: not on this architecture
  }
  void add(std::uint32_t action, std::initializer_list<const char*> names) {
    for (const char* const name : names)
      add(action, name);
  }
  void allow(std::initializer_list<const char*> names) { add(SCMP_ACT_ALLOW, names); }
  void allow(const char* name, const std::vector<scmp_arg_cmp>& when) {
    add(SCMP_ACT_ALLOW, name, when);
  }

  Status load() {
    if (problem_ == 0) problem_ = -seccomp_load(context_.get());
    if (problem_ != 0) return fail(Error::system("filter system calls", problem_));
    return {};
  }

 private:
  void set(scmp_filter_attr attribute, std::uint32_t value) {
    if (problem_ == 0) problem_ = -seccomp_attr_set(context_.get(), attribute, value);
  }

  std::unique_ptr<std::remove_pointer_t<scmp_filter_ctx>, Release> context_;
  int problem_ = 0; // an errno value
};

// For reading only: whoever runs this as root owns most files. O_TRUNC would empty one.
void add_files(Filter& filter) {
  struct Open {
    const char* name;
    unsigned flags_at;
  };
  for (const Open& open : {Open{"open", 1}, Open{"openat", 2}}) {
    filter.allow(open.name, {has_bits(open.flags_at, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY)});
    for (const std::uint64_t bit : {O_WRONLY, O_RDWR, O_CREAT, O_TRUNC})
      filter.add(SCMP_ACT_ERRNO(EPERM), open.name, {has_bits(open.flags_at, bit, bit)});
  }
}

// Threads, no processes. The flags of clone3 are out of a filter's sight; without it the C library
// uses clone.
void add_threads(Filter& filter) {
  filter.allow("clone", {has_bits(0, CLONE_THREAD, CLONE_THREAD)});
  const std::uint64_t self = static_cast<std::uint64_t>(::getpid());
  filter.allow("tgkill", {equals(0, self)}); // raise and abort
  filter.allow("prlimit64", {equals(2, 0)}); // asks, and sets nothing
}

// Not among them: pushing input into the terminal from which the daemon was started (TIOCSTI).
void add_ioctls(Filter& filter) {
  constexpr std::uint64_t whole = 0xffffffff;
  constexpr std::uint64_t of_sockets = 0x8900; // SIOC...: names and indices of interfaces
  filter.allow("ioctl", {has_bits(1, 0xffffff00, of_sockets)});
  for (const std::uint64_t request : std::initializer_list<std::uint64_t>{
           TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIOCLEX, FIONCLEX})
    filter.allow("ioctl", {has_bits(1, whole, request)});
}

void add_sockets(Filter& filter) {
  for (const std::uint64_t family : {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET})
    filter.allow("socket", {equals(0, family)});
}

void add_bpf(Filter& filter, Calls calls) {
  switch (calls) {
  case Calls::service:
    filter.add(SCMP_ACT_KILL_PROCESS, "bpf");
    return;
  case Calls::service_with_probe:
    for (const std::uint64_t command :
         {BPF_MAP_LOOKUP_ELEM, BPF_MAP_UPDATE_ELEM, BPF_MAP_DELETE_ELEM, BPF_OBJ_GET_INFO_BY_FD})
      filter.allow("bpf", {equals(0, command)});
    return;
  case Calls::probe_loader:
    filter.allow({"bpf"});
    return;
  }
}

} // namespace

Status filter_system_calls(Calls calls) {
  Filter filter;
  filter.allow(common_calls);
  filter.add(SCMP_ACT_KILL_PROCESS, hostile_calls);
  add_files(filter);
  add_threads(filter);
  add_ioctls(filter);
  add_bpf(filter, calls);
  if (calls != Calls::probe_loader) {
    filter.allow(service_calls);
    add_sockets(filter);
  }
  return filter.load();
}

} // namespace provisiond::kernel
