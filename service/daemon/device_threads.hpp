#pragma once

#include "base/channel.hpp"
#include "base/result.hpp"
#include "peers/writer.hpp"
#include "settings/settings.hpp"
#include "watch/reader.hpp"

#include <memory>
#include <vector>

namespace provisiond::daemon {

// Two threads for each interface: one changes the device, one reads it. They share nothing, so that
// a list of a hundred thousand peers delays no new one, and a device that hangs delays no other.
//
// `submit` and `ask` on the loop thread. The destructor tells all of them to stop before it waits
// for the first: together they take as long as the slowest device, two seconds at most.
class DeviceThreads {
 public:
  struct Wiring {
    Channel<peers::Acknowledgement>& acknowledgements; // to the loop
    Channel<watch::Reading>& readings;                 // to the loop
  };
  // Of one interface, at a time: room for them is needed in the channels.
  static constexpr std::size_t most_acknowledgements = 4;
  static constexpr std::size_t most_readings = 4;

  // Fails when no thread can be made.
  static Result<std::unique_ptr<DeviceThreads>>
  start(const std::vector<settings::Interface>& interfaces, const Wiring& wiring);
  ~DeviceThreads();
  DeviceThreads(const DeviceThreads&) = delete;
  DeviceThreads& operator=(const DeviceThreads&) = delete;

  // False when the interface's thread is busy.
  [[nodiscard]] bool submit(peers::Batch&& batch) {
    return writers_[batch.interface.value]->submit(std::move(batch));
  }
  [[nodiscard]] bool ask(InterfaceId interface, const watch::Order& order) {
    return readers_[interface.value]->ask(order);
  }

 private:
  DeviceThreads() = default;

  std::vector<std::unique_ptr<peers::Writer>> writers_; // by interface
  std::vector<std::unique_ptr<watch::Reader>> readers_;
};

} // namespace provisiond::daemon
