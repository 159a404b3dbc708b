#pragma once

#include "base/clock.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace provisiond {

// How many lines others can make us write, whatever they do: in a minute each of `Kinds` kinds has
// ten, and all together have thirty beside the first one of each. What is left out is counted by
// its kind. So in an hour at most 60 * (30 + Kinds) lines, and as many summaries as there are kinds
// in a minute.
//
// The minute ends by `next_minute`, which is called more often than that. Fixed memory; not for
// concurrent use.
template <std::size_t Kinds>
class LineBudget {
 public:
  static constexpr std::uint32_t per_kind = 10;
  static constexpr std::uint32_t in_all = 30;
  static constexpr Duration minute = std::chrono::minutes{1};
  using Counts = std::array<std::uint64_t, Kinds>;

  // Whether there is a line of that kind left.
  [[nodiscard]] bool take(std::size_t kind) {
    const bool is_first = written_[kind] == 0;
    if (!is_first && (written_[kind] >= per_kind || all_ >= in_all)) {
      ++left_out_[kind];
      return false;
    }
    ++written_[kind];
    if (!is_first) ++all_;
    return true;
  }

  // Once in a minute true: it begins anew, and `left_out` is what the last one did not write.
  [[nodiscard]] bool next_minute(TimePoint now, Counts& left_out) {
    if (now < ends_at_) return false;
    ends_at_ = now + minute;
    left_out = left_out_;
    written_ = {};
    left_out_ = {};
    all_ = 0;
    return true;
  }

 private:
  std::array<std::uint32_t, Kinds> written_{};
  Counts left_out_{};
  std::uint32_t all_ = 0;
  TimePoint ends_at_{}; // the first call begins the first minute
};

} // namespace provisiond
