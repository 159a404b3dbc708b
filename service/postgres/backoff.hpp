#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <random>

namespace provisiond::postgres {

// How long to wait before the next try: doubles from `minimum` to `maximum` with each call of
// `next`, of which a random half to whole is taken, so that many gateways do not come back to a
// database in step. Not thread-safe; one per session.
class Backoff {
 public:
  Backoff(std::chrono::milliseconds minimum, std::chrono::milliseconds maximum, std::uint32_t seed)
      : minimum_{minimum}, maximum_{std::max(minimum, maximum)}, whole_{minimum}, random_{seed} {}

  std::chrono::milliseconds next() {
    std::uniform_int_distribution<std::int64_t> jitter{whole_.count() / 2, whole_.count()};
    const std::chrono::milliseconds delay{jitter(random_)};
    whole_ = std::min(whole_ * 2, maximum_);
    return delay;
  }
  void reset() { whole_ = minimum_; }

 private:
  std::chrono::milliseconds minimum_;
  std::chrono::milliseconds maximum_;
  std::chrono::milliseconds whole_;
  std::mt19937 random_;
};

} // namespace provisiond::postgres
