#pragma once

#include "base/result.hpp"
#include "kernel/wg_device.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace provisiond::kernel {

// An open device that is opened again when there is another one under its name. Belongs to the
// thread that uses it; `get` blocks as opening does.
class DeviceHandle {
 public:
  DeviceHandle(std::string name, Backend backend, OpenDevice open = open_device)
      : name_{std::move(name)}, backend_{backend}, open_{std::move(open)} {}

  // The device that the caller knows by this number; 0: whichever is there now.
  Result<WgDevice*> get(std::uint32_t ifindex) {
    if (device_ && ifindex_ == ifindex) return device_.get();
    Result<std::unique_ptr<WgDevice>> opened = open_(name_, backend_);
    if (!opened) return fail(opened.error());
    device_ = std::move(*opened);
    ifindex_ = ifindex;
    return device_.get();
  }
  // What is open is known by this number now.
  void know_as(std::uint32_t ifindex) { ifindex_ = ifindex; }
  void close() { device_.reset(); }
  [[nodiscard]] bool is_open() const { return device_ != nullptr; }

 private:
  std::string name_;
  Backend backend_;
  OpenDevice open_;
  std::uint32_t ifindex_ = 0;
  std::unique_ptr<WgDevice> device_;
};

} // namespace provisiond::kernel
