#pragma once

#include "handoff/peer_id.hpp"

#include <cstddef>
#include <deque>
#include <unordered_map>

namespace provisiond::revalidate {

// Peers that the database is to be asked about again: each once, in the order in which they were
// added, but those that a change has named before all others. Bounded by the peers on our devices,
// twice: one that is named while it waits has two places. Loop thread.
class Queue {
 public:
  void add(const PeerId& id) {
    if (waiting_.try_emplace(id, false).second) others_.push_back(id);
  }
  void add_named(const PeerId& id) {
    bool& is_named = waiting_[id];
    if (is_named) return;
    is_named = true;
    named_.push_back(id);
  }

  // Null when there is none; valid until the next call.
  [[nodiscard]] const PeerId* next() {
    for (std::deque<PeerId>* const line : {&named_, &others_}) {
      while (!line->empty()) {
        if (waiting_.contains(line->front())) return &line->front();
        line->pop_front(); // taken from its other place
      }
    }
    return nullptr;
  }
  // What `next` gave.
  void take(const PeerId id) { waiting_.erase(id); }

  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  [[nodiscard]] bool empty() const { return waiting_.empty(); }

 private:
  std::unordered_map<PeerId, bool, PeerIdHash> waiting_; // whether a change has named it
  std::deque<PeerId> named_;
  std::deque<PeerId> others_;
};

} // namespace provisiond::revalidate
