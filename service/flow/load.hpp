#pragma once

#include "base/clock.hpp"

#include <cstddef>

namespace provisiond::flow {

// Whether key agreement is under load, so that a sender has to show a cookie first. Begins when the
// queue before the authenticate threads reaches the threshold or the budget of all sources is
// spent, and lasts one second beyond, as in the kernel (cookie.c, wg_receive_handshake_packet).
// Loop thread.
class Load {
 public:
  explicit Load(std::size_t threshold) : threshold_{threshold} {}

  void note_queue(std::size_t waiting, TimePoint now) {
    if (waiting >= threshold_) until_ = now + std::chrono::seconds{1};
  }
  void note_spent_budget(TimePoint now) { until_ = now + std::chrono::seconds{1}; }

  [[nodiscard]] bool is_high(TimePoint now) const { return now < until_; }

 private:
  std::size_t threshold_;
  TimePoint until_{};
};

} // namespace provisiond::flow
