#pragma once

#include "flow/peer_table.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace provisiond::flow {

// A round over everybody in a table, in slices, that may be begun anew while it is under way: then
// it goes on where it is and comes to the beginning last, so that it gets everywhere however often
// it is begun. Since it was last begun it meets each that stays once. Loop thread.
class Round {
 public:
  void begin(const PeerTable& table) {
    const PeerWalk all = table.walk();
    const std::uint64_t here = first_.is_over() ? 0 : first_.next;
    first_ = {.next = here, .end = all.end};
    then_ = {.next = 0, .end = here};
  }

  // Looks at so many places at most.
  std::vector<const PeerTable::Entries::value_type*> step(const PeerTable& table,
                                                          std::size_t most) {
    std::vector<const PeerTable::Entries::value_type*> met = table.step(first_, most);
    if (first_.is_over()) first_ = std::exchange(then_, {});
    return met;
  }

  [[nodiscard]] bool is_over() const { return first_.is_over(); }
  [[nodiscard]] std::size_t left(const PeerTable& table) const {
    return table.left(first_) + table.left(then_);
  }

 private:
  PeerWalk first_;
  PeerWalk then_;
};

} // namespace provisiond::flow
