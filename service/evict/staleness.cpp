#include "evict/staleness.hpp"

namespace provisiond::evict {

std::optional<Staleness::Transition> Staleness::pass(std::uint64_t answers, TimePoint now) {
  if (answers != answers_) {
    answers_ = answers;
    last_answer_ = now;
    said_.reset();
    return Transition::answered;
  }
  if (maximum_ == Duration::zero() || said_ == Transition::stale) return std::nullopt;
  const Duration silence = now - last_answer_;
  if (silence >= maximum_) return said_ = Transition::stale;
  if (silence < maximum_ / 2 || said_ == Transition::warning) return std::nullopt;
  return said_ = Transition::warning;
}

} // namespace provisiond::evict
