#pragma once

#include "base/unique_fd.hpp"

#include <array>
#include <cstddef>

namespace provisiond::events {

// The probe's programs as a process holds them: while one has all of these open, the programs stay
// attached, and their maps can be used without any right beyond the descriptors.
struct ProbeHandles {
  static constexpr std::size_t maps = 4;
  static constexpr std::size_t programs = 3;
  static constexpr std::size_t count = maps + programs;

  // In this order: events, watched, refused, counters, and the programs' links.
  std::array<UniqueFd, count> fds;

  [[nodiscard]] int events() const { return fds[0].get(); }
  [[nodiscard]] int watched() const { return fds[1].get(); }
  [[nodiscard]] int refused() const { return fds[2].get(); }
  [[nodiscard]] int counters() const { return fds[3].get(); }
};

} // namespace provisiond::events
