#pragma once

#include "base/clock.hpp"
#include "base/public_key.hpp"

#include <cstddef>
#include <optional>
#include <vector>

namespace provisiond::evict {

// A peer without a session, and what decides whether it goes before others.
struct Candidate {
  bool is_evicted_last = false;
  TimePoint active_at{};
  PublicKey key;
};

// Finds, while a pass goes over a device that is nearly full, the peers that could make room for
// others: of those without a session the ones that were active longest ago, those that are to be
// evicted last behind all others. A connected peer never makes room for one that is not.
//
// Pure. Memory: the first 1,024, about 60 bytes each.
class CandidateSearch {
 public:
  static constexpr std::size_t most = 1'024;

  void note(const Candidate& candidate);
  // All of them; the one to go first comes last.
  [[nodiscard]] std::vector<PublicKey> take();

 private:
  std::vector<Candidate> heap_; // the one to go last on top
};

// What a search has found, as of its pass: what it says is to be checked again. Loop thread.
class Candidates {
 public:
  void replace(std::vector<PublicKey> found) { keys_ = std::move(found); }
  void clear() { keys_.clear(); }
  [[nodiscard]] bool is_empty() const { return keys_.empty(); }
  // The next one to go.
  [[nodiscard]] std::optional<PublicKey> next() {
    if (keys_.empty()) return std::nullopt;
    const PublicKey key = keys_.back();
    keys_.pop_back();
    return key;
  }

 private:
  std::vector<PublicKey> keys_;
};

} // namespace provisiond::evict
