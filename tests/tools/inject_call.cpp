#include <CLI/CLI.hpp>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

// Makes a running process call the kernel, as an attacker would that has taken it over, and prints
// what came of it: "0", the name of an error, or "killed by SIGSYS". Usage: inject_call PID NUMBER
// [ARG]... The process has to wait in a system call, as a daemon does mostly. x86-64 only; needs
// root.

namespace {

#ifdef __x86_64__

constexpr int exit_failure = 1;
constexpr std::size_t syscall_instruction_size = 2;
constexpr long syscall_instruction = 0x050f;

int complain(const char* what) {
  std::fprintf(stderr, "%s: %s\n", what, strerrordesc_np(errno));
  return exit_failure;
}

// Stops it where it waits; false when it is at work just now.
bool stop_in_call(pid_t process, user_regs_struct& registers) {
  int status = 0;
  if (ptrace(PTRACE_INTERRUPT, process, nullptr, nullptr) != 0 ||
      ::waitpid(process, &status, __WALL) != process ||
      ptrace(PTRACE_GETREGS, process, nullptr, &registers) != 0)
    return false;
  errno = 0;
  const long text =
      ptrace(PTRACE_PEEKTEXT, process, registers.rip - syscall_instruction_size, nullptr);
  return errno == 0 && (text & 0xffff) == syscall_instruction;
}

void say_result(const user_regs_struct& registers) {
  const std::int64_t result = static_cast<std::int64_t>(registers.rax);
  if (result < 0 && result > -4096)
    std::printf("%s\n", strerrorname_np(static_cast<int>(-result)));
  else
    std::printf("%lld\n", static_cast<long long>(result));
}

int call(pid_t process, const user_regs_struct& before, const std::vector<std::uint64_t>& words) {
  user_regs_struct registers = before;
  registers.rip -= syscall_instruction_size;
  registers.orig_rax = ~0ULL; // nothing is to be started anew
  const auto word = [&](std::size_t i) { return i < words.size() ? words[i] : 0; };
  registers.rax = word(0);
  registers.rdi = word(1);
  registers.rsi = word(2);
  registers.rdx = word(3);
  registers.r10 = word(4);
  if (ptrace(PTRACE_SETREGS, process, nullptr, &registers) != 0 ||
      ptrace(PTRACE_SINGLESTEP, process, nullptr, nullptr) != 0)
    return complain("call");
  int status = 0;
  if (::waitpid(process, &status, __WALL) != process) return complain("wait");
  if (WIFSIGNALED(status)) {
    std::printf("killed by SIG%s\n", sigabbrev_np(WTERMSIG(status)));
    return 0;
  }
  if (!WIFSTOPPED(status) || ptrace(PTRACE_GETREGS, process, nullptr, &registers) != 0)
    return complain("look");
  say_result(registers);
  user_regs_struct after = before;
  if (ptrace(PTRACE_SETREGS, process, nullptr, &after) != 0 ||
      ptrace(PTRACE_DETACH, process, nullptr, nullptr) != 0)
    return complain("let it go on");
  return 0;
}

int run(pid_t process, const std::vector<std::uint64_t>& words) {
  if (ptrace(PTRACE_SEIZE, process, nullptr, nullptr) != 0) return complain("seize the process");
  constexpr int tries = 200;
  for (int i = 0; i < tries; ++i) {
    user_regs_struct registers{};
    if (stop_in_call(process, registers)) return call(process, registers, words);
    ptrace(PTRACE_CONT, process, nullptr, nullptr);
    ::usleep(5000);
  }
  return complain("it never waits");
}

#else

int run(pid_t /*process*/, const std::vector<std::uint64_t>& /*words*/) {
  std::printf("unknown\n");
  return 0;
}

#endif

} // namespace

int main(int argc, char** argv) {
  pid_t process = 0;
  std::vector<std::uint64_t> words;
  CLI::App app{"inject_call: makes a running process call the kernel"};
  app.add_option("process", process)->required();
  app.add_option("words", words, "The call's number and arguments")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error);
  }
  return run(process, words);
}
