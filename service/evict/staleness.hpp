#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <optional>

namespace provisiond::evict {

// Judges how long the database has not answered. Half of `maximum` is worth a warning, all of it
// makes what we know of peers stale; each is said once per silence. A maximum of zero: never.
// Counts from its making until the first answer. Loop thread; pure but for its memory.
class Staleness {
 public:
  enum class Transition : std::uint8_t { answered, warning, stale };

  Staleness(Duration maximum, TimePoint now) : maximum_{maximum}, last_answer_{now} {}

  // `answers`: how many there were until now. What has changed since the last call, if anything.
  [[nodiscard]] std::optional<Transition> pass(std::uint64_t answers, TimePoint now);

 private:
  Duration maximum_;
  TimePoint last_answer_;
  std::uint64_t answers_ = 0;
  std::optional<Transition> said_; // in this silence
};

} // namespace provisiond::evict
