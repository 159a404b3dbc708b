#pragma once

#include "base/channel.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "handoff/sighting.hpp"
#include "kernel/device_handle.hpp"
#include "kernel/wg_device.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

namespace provisiond::watch {

// What a device is to be asked: what it is, which peers it has, or both.
enum class Question : std::uint8_t { identity, peers, both };

struct Order {
  Question question{};
  std::uint32_t ifindex = 0; // as the caller knows the device; 0: not yet
};

// What the device has said, and how long it took. What was not asked is empty, and so are the peers
// of a device without private key or port.
struct Reading {
  InterfaceId interface;
  Order order;
  TimePoint begin{};
  TimePoint end{};
  std::optional<Result<kernel::DeviceIdentity>> identity{};
  std::optional<Result<kernel::PeerList>> peers{};
};

// Answers one order with a device that may have to be opened. A device that turns out to be gone is
// looked for once more: another one may have its name by now.
[[nodiscard]] Reading read(kernel::DeviceHandle& handle, InterfaceId interface, const Order& order);

// Reads one device on a thread of its own: a device with a hundred thousand peers takes the better
// part of a second to list them, something may be holding rtnl besides, and one that hangs delays
// itself alone.
//
// Threads: reader, which has its own handle on the device. Orders are worked off in their order;
// each is answered with one reading, for which `readings` must have room.
class Reader {
 public:
  struct Wiring {
    Channel<Reading>& readings; // readers -> loop
    kernel::OpenDevice open_device = kernel::open_device;
  };

  // Fails when no thread can be made.
  static Result<std::unique_ptr<Reader>> start(InterfaceId id, const std::string& interface,
                                               kernel::Backend backend, const Wiring& wiring);

  // False while it has two orders besides the one that it works on.
  [[nodiscard]] bool ask(Order order) { return orders_.push(std::move(order)); }
  // Nothing more is begun. Before several are destroyed, so that they end side by side.
  void stop() { orders_.close(); }

  // Joins, after the device has answered or its time is over (two seconds).
  ~Reader();
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

 private:
  Reader(InterfaceId id, const std::string& interface, kernel::Backend backend,
         const Wiring& wiring)
      : id_{id}, readings_{wiring.readings}, handle_{interface, backend, wiring.open_device} {}

  void run();

  InterfaceId id_;
  Channel<Reading>& readings_;
  Channel<Order> orders_{2};
  kernel::DeviceHandle handle_; // the thread's
  std::thread thread_;
};

} // namespace provisiond::watch
