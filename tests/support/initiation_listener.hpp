#pragma once

#include "base/endpoint.hpp"
#include "base/unique_fd.hpp"

#include <chrono>

namespace provisiond::test {

// A UDP socket on 127.0.0.1 that stands for a remote WireGuard device and only counts.
class InitiationListener {
 public:
  InitiationListener();

  // Where it listens; port 0 when it could not.
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  // How many handshake initiations come before nothing comes for `silence`.
  [[nodiscard]] int count(std::chrono::milliseconds silence) const;

 private:
  UniqueFd fd_;
  Endpoint endpoint_;
};

} // namespace provisiond::test
