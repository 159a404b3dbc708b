#pragma once

#ifdef PROVISIOND_FAULT_POINTS
#include <csignal>
#include <cstdlib>
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
#else
inline constexpr void fault_point(const char* /*name*/) {}
#endif

} // namespace provisiond
