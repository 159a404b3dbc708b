#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "kernel/local_address.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

namespace provisiond::events {

// Which destinations end at this machine, asked of the kernel at most once a second for each. A
// router forwards packets to any address: with more than `most` of them all are asked for anew, so
// that strangers cannot make it grow.
//
// Loop thread.
class LocalAddresses {
 public:
  using Ask = std::function<bool(const IpAddress&, std::uint32_t ifindex)>;
  static constexpr std::size_t most = 256;
  static constexpr Duration lifetime = std::chrono::seconds{1};

  explicit LocalAddresses(Ask ask = kernel::is_local_address) : ask_{std::move(ask)} {}

  [[nodiscard]] bool contains(const IpAddress& address, std::uint32_t ifindex, TimePoint now) {
    if (known_.size() >= most) known_.clear();
    Known& known = known_[{address, ifindex}];
    if (now >= known.until) known = {.until = now + lifetime, .is_local = ask_(address, ifindex)};
    return known.is_local;
  }

 private:
  struct Known {
    TimePoint until{};
    bool is_local = false;
  };

  Ask ask_;
  std::map<std::pair<IpAddress, std::uint32_t>, Known> known_;
};

} // namespace provisiond::events
