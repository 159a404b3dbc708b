#pragma once

#include "base/clock.hpp"
#include "base/guarded.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace provisiond::bench {

// Puts a server's UNIX socket at a distance: whoever connects to `near` is connected to `far`, and
// what either side sends arrives `delay` later. What is sent while something is on its way waits
// for that first, which does not matter to a question and its answer. Two threads per connection,
// until the destructor.
class Relay {
 public:
  struct Setup {
    std::string near; // made here
    std::string far;  // a listening socket
    Duration delay;
  };

  static Result<std::unique_ptr<Relay>> open(const Setup& setup);
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

 private:
  struct Connection {
    UniqueFd near;
    UniqueFd far;
    std::vector<std::thread> threads;
  };

  Relay(const Setup& setup, UniqueFd listener);
  void accept_all();
  void connect(UniqueFd near);

  Setup setup_;
  UniqueFd listener_;
  Guarded<std::vector<std::unique_ptr<Connection>>> connections_;
  std::thread acceptor_;
};

} // namespace provisiond::bench
