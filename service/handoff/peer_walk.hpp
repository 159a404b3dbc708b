#pragma once

#include <cstdint>

namespace provisiond {

// How far somebody is who goes through the peers of an interface a slice at a time. Peers are met
// in the order in which they came, and may come and go between two slices: who stays from the
// beginning to the end is met exactly once, who leaves at most once, and who comes after the
// beginning not at all; so every walk ends. Only numbers: to leave a walk costs nothing.
struct PeerWalk {
  std::uint64_t next = 0; // the number of the first peer that may be met
  std::uint64_t end = 0;  // the number of the first peer that came too late

  [[nodiscard]] bool is_over() const { return next >= end; }
};

} // namespace provisiond
