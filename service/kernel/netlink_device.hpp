#pragma once

#include "kernel/change_batch.hpp"
#include "kernel/netlink_socket.hpp"
#include "kernel/wg_device.hpp"
#include "kernel/wg_dialect.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace provisiond::kernel {

// A WireGuard interface of the kernel module, or an AmneziaWG interface of that module: the kind of
// the link decides which generic netlink family is spoken to. Bound to the interface that has the
// name when it is opened: once that is deleted, calls fail with ENODEV, even if a new one has the
// name, and `identity` also when it has another name; once the module is gone, with ENOENT.
//
// Each change is one message with an acknowledgement of its own (a peer with very many allowed IPs:
// several, and the first refusal counts). Messages go to the kernel a ChangeBatch in one send;
// their acknowledgements are taken before the next, so that the socket's queue cannot overflow.
// When acknowledgements are lost all the same, the changes that miss theirs fail. Keys are wiped
// from the buffers at once.
//
// `identity` reads the first message of a dump on a socket of its own and drops the rest.
//
// The kernel marks a dump as interrupted when the interface was changed meanwhile, by whomever: on
// a busy device that is every one. Such a dump is read again once where that is cheap; `peers` then
// gives the longer one of the two, as an incomplete list. Memory: 160 KiB.
class NetlinkDevice final : public WgDevice {
 public:
  static constexpr std::size_t most_peers_read_again = 4096; // 30 ms

  static Result<std::unique_ptr<WgDevice>> open(const std::string& name);

  Result<DeviceIdentity> identity() override;
  std::vector<Status> apply(std::span<const PeerChange> changes) override;
  Result<PeerList> peers() override;

 private:
  enum class DumpEnd : std::uint8_t { complete, interrupted, stopped };
  enum class Visit : std::uint8_t { next, stop };
  using Visitor = std::function<Visit(std::span<const std::uint8_t> attributes)>;

  NetlinkDevice(std::string name, WgDialect dialect, WgTarget target, NetlinkSocket socket);

  // Sends the batch, takes its acknowledgements and writes refusals to `statuses`. An Error means
  // that the kernel has stopped answering; it is in `statuses` too.
  Status flush(std::vector<Status>& statuses);
  Status exchange(std::vector<Status>& statuses);
  void take_answer(const ChangeBatch::Answer& answer, Status& status) const;
  Result<DumpEnd> dump(const Visitor& visit) const;
  Result<PeerList> dump_peers() const;
  [[nodiscard]] Error explain(const NetlinkVerdict& verdict) const;

  std::string name_;
  WgDialect dialect_;
  WgTarget target_;
  NetlinkSocket socket_;
  ChangeBatch batch_;
  WipedBuffer answer_;
};

} // namespace provisiond::kernel
