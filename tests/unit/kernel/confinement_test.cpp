#include "base/unique_fd.hpp"
#include "kernel/confinement.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <netdb.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

// Each test confines a child of its own.

namespace provisiond::kernel {
namespace {

// What `body` returns (an errno value, or 0), or minus the signal that ended it.
int confined(const Confinement& confinement, const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(confine(confinement) ? body() : 255);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

int code_of(long result) {
  return result < 0 ? errno : 0;
}

std::uint64_t own_status(const std::string& name, int base) {
  std::ifstream file{"/proc/self/status"};
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name + ":"))
      return std::stoull(line.substr(name.size() + 1), nullptr, base);
  }
  return ~std::uint64_t{0};
}

TEST(Confinement, ends_a_process_that_executes_a_file) {
  EXPECT_EQ(confined({}, [] { return code_of(::execl("/bin/true", "true", nullptr)); }), -SIGSYS);
  EXPECT_EQ(confined({.calls = Calls::probe_loader},
                     [] { return code_of(::execl("/bin/true", "true", nullptr)); }),
            -SIGSYS);
}

TEST(Confinement, ends_a_process_that_attacks_others_or_the_kernel) {
  EXPECT_EQ(confined({}, [] { return code_of(::ptrace(PTRACE_TRACEME, 0, 0, 0)); }), -SIGSYS);
  EXPECT_EQ(confined({}, [] { return code_of(::mount("none", "/", "tmpfs", 0, "")); }), -SIGSYS);
  EXPECT_EQ(confined({}, [] { return code_of(::syscall(SYS_setns, -1, 0)); }), -SIGSYS);
  EXPECT_EQ(confined({}, [] { return code_of(::syscall(SYS_init_module, nullptr, 0, "")); }),
            -SIGSYS);
}

TEST(Confinement, what_nobody_expected_is_not_there) {
  EXPECT_EQ(confined({}, [] { return code_of(::chmod("/nonexistent", 0600)); }), ENOSYS);
  EXPECT_EQ(confined({}, [] { return code_of(::setuid(::getuid())); }), ENOSYS);
  EXPECT_EQ(confined({}, [] { return code_of(::fork()); }), ENOSYS);
  EXPECT_EQ(confined({}, [] { return code_of(::kill(::getppid(), 0)); }), ENOSYS);
  EXPECT_EQ(confined({}, [] { return code_of(::syscall(100'000)); }), ENOSYS);
  const char pushed = 'x';
  EXPECT_EQ(confined({}, [&] { return code_of(::ioctl(STDIN_FILENO, TIOCSTI, &pushed)); }), ENOSYS);
}

TEST(Confinement, opens_files_for_reading_only) {
  const auto open_null = [](int flags) {
    return confined({}, [flags] { return code_of(::open("/dev/null", flags | O_CLOEXEC, 0600)); });
  };
  EXPECT_EQ(open_null(O_RDONLY), 0);
  EXPECT_EQ(open_null(O_WRONLY), EPERM);
  EXPECT_EQ(open_null(O_RDWR), EPERM);
  EXPECT_EQ(open_null(O_RDONLY | O_CREAT), EPERM);
  EXPECT_EQ(open_null(O_RDONLY | O_TRUNC), EPERM);
  const UniqueFd open_before{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  EXPECT_EQ(confined({}, [&] { return code_of(::write(open_before.get(), "x", 1)); }), 0);
}

TEST(Confinement, lets_a_service_do_its_work) {
  EXPECT_EQ(confined({},
                     [] {
                       int answer = 1;
                       std::thread thread{[&] {
                         addrinfo* found = nullptr;
                         answer = ::getaddrinfo("127.0.0.1", "5432", nullptr, &found);
                         if (found != nullptr) ::freeaddrinfo(found);
                       }};
                       thread.join();
                       return answer;
                     }),
            0);
  EXPECT_EQ(confined({}, [] { return code_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }), 0);
  EXPECT_EQ(confined({}, [] { return code_of(::socket(AF_ALG, SOCK_SEQPACKET, 0)); }), ENOSYS);
  EXPECT_EQ(confined({}, [] { return std::raise(SIGTERM); }), -SIGTERM);
}

TEST(Confinement, holds_for_threads_that_were_there_before) {
  const pid_t child = ::fork();
  if (child == 0) {
    std::atomic<bool> goes_on = false;
    int code = 0;
    std::thread earlier{[&] {
      goes_on.wait(false);
      code = code_of(::chmod("/nonexistent", 0600));
    }};
    const bool is_confined = confine({}).has_value();
    goes_on = true;
    goes_on.notify_one();
    earlier.join();
    ::_exit(is_confined ? code : 255);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), ENOSYS);
}

TEST(Confinement, uses_bpf_only_as_far_as_it_has_to) {
  const auto call_bpf = [](int command) {
    return [command] {
      bpf_attr attributes{};
      attributes.map_fd = ~0U;
      return code_of(::syscall(SYS_bpf, command, &attributes, sizeof attributes));
    };
  };
  EXPECT_EQ(confined({}, call_bpf(BPF_MAP_LOOKUP_ELEM)), -SIGSYS);
  const Confinement with_probe{.calls = Calls::service_with_probe};
  EXPECT_NE(confined(with_probe, call_bpf(BPF_MAP_LOOKUP_ELEM)), ENOSYS);
  EXPECT_EQ(confined(with_probe, call_bpf(BPF_PROG_LOAD)), ENOSYS);
  EXPECT_EQ(confined(with_probe, call_bpf(BPF_MAP_CREATE)), ENOSYS);
  EXPECT_NE(confined({.calls = Calls::probe_loader}, call_bpf(BPF_PROG_LOAD)), ENOSYS);
  EXPECT_EQ(confined({.calls = Calls::probe_loader},
                     [] { return code_of(::socket(AF_UNIX, SOCK_STREAM, 0)); }),
            ENOSYS);
}

TEST(Confinement, keeps_the_capabilities_that_it_names_and_no_other) {
  const std::uint64_t before = own_status("CapPrm", 16);
  const std::uint64_t raw = std::uint64_t{1} << CAP_NET_RAW;
  const bool may_bound = (own_status("CapEff", 16) & (std::uint64_t{1} << CAP_SETPCAP)) != 0;
  EXPECT_EQ(confined({.capabilities = {CAP_NET_RAW}},
                     [&] {
                       if (own_status("CapEff", 16) != (before & raw)) return 1;
                       if (own_status("CapPrm", 16) != (before & raw)) return 2;
                       if (own_status("CapInh", 16) != 0) return 3;
                       if (own_status("CapAmb", 16) != 0) return 4;
                       if (may_bound && (own_status("CapBnd", 16) & ~raw) != 0) return 5;
                       if (own_status("NoNewPrivs", 10) != 1) return 6;
                       return own_status("Seccomp", 10) == 2 ? 0 : 7;
                     }),
            0);
}

TEST(Confinement, names_what_is_left) {
  EXPECT_EQ(confined({}, [] { return capabilities_text().empty() ? 0 : 1; }), 0);
  if (!has_capability(CAP_NET_RAW)) return;
  EXPECT_EQ(confined({.capabilities = {CAP_NET_RAW}},
                     [] { return capabilities_text() == "cap_net_raw" ? 0 : 1; }),
            0);
}

} // namespace
} // namespace provisiond::kernel
