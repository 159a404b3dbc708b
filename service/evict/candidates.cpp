#include "evict/candidates.hpp"

#include <algorithm>
#include <utility>

namespace provisiond::evict {

namespace {

bool goes_first(const Candidate& left, const Candidate& right) {
  return std::pair{left.is_evicted_last, left.active_at} <
         std::pair{right.is_evicted_last, right.active_at};
}

} // namespace

void CandidateSearch::note(const Candidate& candidate) {
  if (heap_.size() == most) {
    if (!goes_first(candidate, heap_.front())) return;
    std::ranges::pop_heap(heap_, goes_first);
    heap_.pop_back();
  }
  heap_.push_back(candidate);
  std::ranges::push_heap(heap_, goes_first);
}

std::vector<PublicKey> CandidateSearch::take() {
  std::ranges::sort_heap(heap_, goes_first);
  std::vector<PublicKey> keys;
  for (std::size_t i = heap_.size(); i > 0; --i)
    keys.push_back(heap_[i - 1].key);
  heap_.clear();
  return keys;
}

} // namespace provisiond::evict
