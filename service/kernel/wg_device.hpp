#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace provisiond::kernel {

// What a WireGuard interface is, apart from its peers.
struct DeviceIdentity {
  std::uint32_t ifindex = 0;
  std::string name;                      // empty: not told
  std::optional<Secret<32>> private_key; // none: the interface cannot handshake
  std::uint16_t listen_port = 0;         // host byte order; 0: not bound
  std::uint32_t fwmark = 0;
};

// One change of one peer, applied as a whole. Absent fields stay as they are on the device.
struct PeerChange {
  enum class Action : std::uint8_t {
    set,    // create the peer, or change it
    update, // change it only if it exists (WGPEER_F_UPDATE_ONLY)
    remove,
  };

  Action action = Action::set;
  PublicKey key;
  std::optional<Secret<32>> preshared_key;
  std::optional<Endpoint> endpoint;
  std::optional<std::uint16_t> keepalive_seconds;
  // Present: replaces all of the peer's allowed IPs.
  std::optional<std::vector<IpPrefix>> allowed_ips;
};

// A peer as the device reports it.
struct PeerState {
  PublicKey key;
  std::optional<Endpoint> endpoint;
  WallTime last_handshake{}; // the epoch: never
  std::uint64_t received_bytes = 0;
  std::uint64_t sent_bytes = 0;
  std::uint16_t keepalive_seconds = 0;
  std::vector<IpPrefix> allowed_ips;
};

// What a device told of its peers. Each peer in it is as told. Only of a complete list it follows
// that a peer which is not in it is not on the device: a list may be cut short or have gaps when
// the device was changed while it was read.
struct PeerList {
  std::vector<PeerState> peers;
  bool is_complete = true;
};

// A WireGuard device: the one door to the kernel module (generic netlink) and to userspace
// implementations (the cross-platform socket). Calls block until the device has answered, at most a
// second or two; they belong to one thread. ENODEV and ENOENT in an Error's code mean that the
// interface is gone: deleted, in another namespace, or under another name.
class WgDevice {
 public:
  virtual ~WgDevice() = default;

  // Does not read the peers: its cost is independent of how many there are (netlink), or as low as
  // the implementation allows (userspace socket).
  virtual Result<DeviceIdentity> identity() = 0;

  // One status per change, in order; changes are applied in order, and one that fails does not stop
  // the others.
  virtual std::vector<Status> apply(std::span<const PeerChange> changes) = 0;

  // All peers, or those that could be read while somebody changed the device. Costs time and memory
  // linear in their number.
  virtual Result<PeerList> peers() = 0;
};

enum class Backend : std::uint8_t { automatic, netlink, userspace };

// Opens the interface called `name`. `automatic` takes the userspace socket
// (/var/run/wireguard/NAME.sock) where it exists, else netlink. Fails with ENODEV when there is no
// such WireGuard interface, EPERM when the process may not configure it.
Result<std::unique_ptr<WgDevice>> open_device(const std::string& name, Backend backend);

// Stands in for `open_device` where a test has devices of its own.
using OpenDevice =
    std::function<Result<std::unique_ptr<WgDevice>>(const std::string& name, Backend backend)>;

} // namespace provisiond::kernel
