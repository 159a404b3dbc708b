#include "daemon/lifecycle.hpp"

#include <sodium.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include <cerrno>
#include <csignal>
#include <cstdint>

namespace provisiond::daemon {

Status harden_process() {
  const rlimit no_core{.rlim_cur = 0, .rlim_max = 0};
  if (setrlimit(RLIMIT_CORE, &no_core) != 0) {
    return fail(Error::system("switch core dumps off", errno));
  }
  if (prctl(PR_SET_DUMPABLE, 0) != 0) {
    return fail(Error::system("switch core dumps off", errno));
  }
  umask(0077);
  if (sodium_init() < 0) return fail(Error{"libsodium does not start: no source of randomness?"});
  return {};
}

void survive_signals() {
  for (const int signal : {SIGPIPE, SIGXFSZ, SIGTTOU, SIGHUP})
    ::signal(signal, SIG_IGN); // NOLINT(bugprone-signal-handler): there is no handler
}

Duration watchdog_interval() {
  std::uint64_t microseconds = 0;
  if (sd_watchdog_enabled(0, &microseconds) <= 0) return Duration::zero();
  return std::chrono::microseconds{microseconds / 2};
}

} // namespace provisiond::daemon
