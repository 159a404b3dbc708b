#pragma once

#ifdef PROVISIOND_FAULT_POINTS
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <string_view>
#endif

namespace provisiond {

// A place at which tests can end the process as a power cut would: SIGKILL, when the environment
// variable WG_PROVISIOND_FAULT has this name. Compiled in for tests only (CMake option
// PROVISIOND_FAULT_POINTS); release builds contain nothing of it.
#ifdef PROVISIOND_FAULT_POINTS
inline void fault_point(std::string_view name) {
  const char* wanted = std::getenv("WG_PROVISIOND_FAULT"); // NOLINT(concurrency-mt-unsafe)
  if (wanted != nullptr && name == wanted) std::raise(SIGKILL);
}

// A fault that tests switch on and off while the process runs: true while the file exists that the
// environment variable WG_PROVISIOND_FAULT_FILE names, with `.name` behind it.
inline bool fault_is_on(const std::string& name) {
  const char* file = std::getenv("WG_PROVISIOND_FAULT_FILE"); // NOLINT(concurrency-mt-unsafe)
  return file != nullptr && ::access((std::string{file} + "." + name).c_str(), F_OK) == 0;
}
#else
inline constexpr bool fault_is_on(const char* /*name*/) {
  return false;
}
inline constexpr void fault_point(const char* /*name*/) {}
#endif

} // namespace provisiond
