#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "handoff/sighting.hpp"
#include "kernel/wg_device.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>

namespace provisiond::watch {

// Asks for the peers of a device.
struct Order {
  InterfaceId interface;
  std::string name;
  kernel::Backend backend{};
  std::uint32_t ifindex = 0; // another one is another device under the same name
};

// What the device has said, and how long it took.
struct Pass {
  InterfaceId interface;
  std::uint32_t ifindex = 0;
  TimePoint begin{};
  TimePoint end{};
  Result<kernel::PeerList> peers;
};

// Reads the peers of devices on a thread of its own, because a device with a hundred thousand peers
// takes the better part of a second to list them, and somebody may be holding rtnl besides.
//
// Threads: watcher, which has its own handles on the devices. Orders are worked off in their order;
// each is answered. `passes` has room for one pass of every interface, so at most one order of each
// may be under way.
class Watcher {
 public:
  struct Wiring {
    Channel<Order>& orders; // daemon -> watcher
    Channel<Pass>& passes;  // watcher -> daemon
    kernel::OpenDevice open_device = kernel::open_device;
  };

  // Fails when no thread can be made.
  static Result<std::unique_ptr<Watcher>> start(const Wiring& wiring);

  // Closes `orders` and joins, after the device that is being read has answered.
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  struct Handle {
    std::uint32_t ifindex = 0;
    std::unique_ptr<kernel::WgDevice> device;
  };

  explicit Watcher(const Wiring& wiring) : wiring_{wiring} {}

  void run();
  [[nodiscard]] Result<kernel::PeerList> read(const Order& order);

  Wiring wiring_;
  std::map<InterfaceId, Handle> handles_; // the thread's
  std::thread thread_;
};

} // namespace provisiond::watch
