#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

// What the targets share.
namespace provisiond::fuzz {

using Bytes = std::span<const std::uint8_t>;

// Ends the process when a promise is broken, which is how a target tells of a fault.
inline void require(bool holds) {
  if (!holds) std::abort();
}

inline std::string_view text_of(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Takes an input apart, from its front. What is not there is zero or empty.
class Input {
 public:
  explicit Input(Bytes bytes) : rest_{bytes} {}

  [[nodiscard]] bool is_empty() const { return rest_.empty(); }
  [[nodiscard]] Bytes rest() const { return rest_; }

  // At most `count` bytes.
  Bytes take(std::size_t count) {
    const Bytes taken = rest_.first(std::min(count, rest_.size()));
    rest_ = rest_.subspan(taken.size());
    return taken;
  }
  template <class Number>
  Number number() {
    Number value{};
    const Bytes taken = take(sizeof value);
    if (!taken.empty()) std::memcpy(&value, taken.data(), taken.size());
    return value;
  }
  // Text up to the next `end`, which is left out, or all that is left.
  std::string_view text_before(char end) {
    const std::string_view all = text_of(rest_);
    const std::string_view text = all.substr(0, all.find(end));
    take(text.size() + 1);
    return text;
  }

 private:
  Bytes rest_;
};

// The same bytes in pieces of one length, as a socket may give them; an empty one at the end.
class Pieces {
 public:
  Pieces(Bytes bytes, std::size_t length)
      : rest_{bytes}, length_{std::max<std::size_t>(length, 1)} {}

  Bytes next() {
    const Bytes piece = rest_.first(std::min(length_, rest_.size()));
    rest_ = rest_.subspan(piece.size());
    return piece;
  }

 private:
  Bytes rest_;
  std::size_t length_;
};

} // namespace provisiond::fuzz
