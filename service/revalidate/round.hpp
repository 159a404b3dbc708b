#pragma once

#include "handoff/peer_walk.hpp"

#include <utility>

namespace provisiond::revalidate {

// A round over the peers of a table, in slices, that may be begun anew while it is under way: then
// it goes on where it is and comes to the beginning last, so that it gets everywhere however often
// it is begun. Since it was last begun it meets each peer that stays once. The walks are the
// table's; this keeps their order. Loop thread.
class Round {
 public:
  void begin(const PeerWalk& all) {
    const std::uint64_t here = is_over() ? 0 : walk().next;
    first_ = {.next = here, .end = all.end};
    then_ = {.next = 0, .end = here};
  }

  // To be stepped through the table; over only when the whole round is.
  [[nodiscard]] PeerWalk& walk() {
    if (first_.is_over()) first_ = std::exchange(then_, {});
    return first_;
  }
  [[nodiscard]] bool is_over() const { return first_.is_over() && then_.is_over(); }
  // What is before it, in two parts.
  [[nodiscard]] std::pair<PeerWalk, PeerWalk> rest() const { return {first_, then_}; }

 private:
  PeerWalk first_;
  PeerWalk then_;
};

} // namespace provisiond::revalidate
