#include "evict/staleness.hpp"

namespace provisiond::evict {

std::optional<Staleness::Turn> Staleness::pass(std::uint64_t answers, TimePoint now) {
  if (answers != answers_) {
    answers_ = answers;
    last_answer_ = now;
    said_.reset();
    return Turn::answered;
  }
  if (maximum_ == Duration::zero() || said_ == Turn::stale) return std::nullopt;
  const Duration silence = now - last_answer_;
  if (silence >= maximum_) return said_ = Turn::stale;
  if (silence < maximum_ / 2 || said_ == Turn::warning) return std::nullopt;
  return said_ = Turn::warning;
}

} // namespace provisiond::evict
