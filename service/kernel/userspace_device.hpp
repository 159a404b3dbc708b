#pragma once

#include "kernel/change_part.hpp"
#include "kernel/uapi_answer.hpp"
#include "kernel/wg_device.hpp"
#include "kernel/wiped_buffer.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace provisiond::kernel {

// A WireGuard interface of a process (wireguard-go, boringtun), through its socket. Bound to the
// interface that has the name when it is opened: once that is deleted, calls fail with ENODEV, even
// if a new one has the name.
//
// Changes go many to one `set` operation (operation_length). The protocol has one errno for an
// operation; when it is not 0, its changes are made again one by one, so that each has its own:
// making a change twice does no harm. An interface that does not answer fails all changes that are
// left: the call takes two seconds, not two for each.
//
// `identity` stops reading at the first peer, yet implementations write out all peers before they
// send the first byte. Memory: 129 KiB.
class UserspaceDevice final : public WgDevice {
 public:
  static Result<std::unique_ptr<WgDevice>> open(const std::string& name);

  Result<DeviceIdentity> identity() override;
  std::vector<Status> apply(std::span<const PeerChange> changes) override;
  Result<PeerList> peers() override;

 private:
  UserspaceDevice(std::string name, std::uint32_t ifindex);

  [[nodiscard]] Status check_interface() const;
  // Reads all that the interface tells, or stops early at `until`.
  Result<UapiAnswer> get(UapiAnswer::Progress until);
  // Sends the operation in `request_`, wipes it, and reads the answer as far as `until`.
  Result<UapiAnswer> transact(UapiAnswer::Progress until);
  // As `transact`, for one `set` operation with `parts`: its errno value.
  Result<int> set(std::span<const ChangePart> parts);
  Result<int> set_alone(const PeerChange& change);
  Result<std::vector<int>> set_batch(std::span<const PeerChange> batch);
  [[nodiscard]] Status status_of(int code) const;

  std::string name_;
  std::uint32_t ifindex_;
  bool one_stanza_ = false; // to an operation, as UapiAnswer::carries_fields_over tells
  WipedBuffer request_;
};

} // namespace provisiond::kernel
