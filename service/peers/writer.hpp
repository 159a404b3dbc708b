#pragma once

#include "base/channel.hpp"
#include "base/result.hpp"
#include "kernel/device_handle.hpp"
#include "peers/device_queue.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace provisiond::peers {

// Applies the changes of one device, on a thread of its own: a device may take seconds to answer,
// and then delays itself alone.
//
// Threads: writer-NAME, which has its own handle on the device. Each batch is answered with one
// acknowledgement, for which `acknowledgements` must have room.
class Writer {
 public:
  struct Wiring {
    Channel<Acknowledgement>& acknowledgements; // writers -> loop
    kernel::OpenDevice open_device = kernel::open_device;
  };

  // Fails when no thread can be made.
  static Result<std::unique_ptr<Writer>> start(const std::string& interface,
                                               kernel::Backend backend, const Wiring& wiring);

  // False while two batches wait besides the one that it works on.
  [[nodiscard]] bool submit(Batch&& batch) { return batches_.push(std::move(batch)); }
  // Nothing more is begun. Before several are destroyed, so that they end side by side.
  void stop() { batches_.close(); }

  // Joins, after the device has answered or its time is over (two seconds).
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

 private:
  Writer(const std::string& interface, kernel::Backend backend, const Wiring& wiring)
      : acknowledgements_{wiring.acknowledgements}, handle_{interface, backend,
                                                            wiring.open_device} {}

  void run();

  Channel<Acknowledgement>& acknowledgements_;
  Channel<Batch> batches_{2};
  kernel::DeviceHandle handle_; // the thread's
  std::thread thread_;
};

// Applies a batch; one status per change.
[[nodiscard]] std::vector<Status> apply(kernel::WgDevice& device, Batch& batch);

} // namespace provisiond::peers
