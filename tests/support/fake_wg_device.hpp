#pragma once

#include "kernel/wg_device.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace provisiond::test {

// A copy of `change`, preshared key included.
kernel::PeerChange clone(const kernel::PeerChange& change);

// A WireGuard device in memory, with the kernel module's semantics (Linux, wireguard/netlink.c:
// set_peer, and peer.c: wg_peer_create):
// - `update` and `remove` of a peer that is not there succeed and do nothing;
// - an allowed IP that another peer has moves to the peer that is changed, silently;
// - a new peer with the device's own key is ignored, silently;
// - more than `maximum_peers` is ENOMEM;
// - a keepalive that goes from 0 to N makes the device initiate at once, if it knows an endpoint;
// - of a change that is refused for one of its attributes, the ones before it have been applied,
// the
//   creation of the peer included.
// Not thread-safe, but for `hang`, `wait_until_it_hangs` and `release`. Memory grows with what is
// applied to it, unless history is off.
class FakeWgDevice final : public kernel::WgDevice {
 public:
  struct Options {
    std::uint32_t ifindex = 7;
    std::uint16_t listen_port = 51820;
    std::size_t maximum_peers = std::size_t{1} << 20;
    bool keeps_history = true; // off: `changes` and `initiations` stay empty
  };

  FakeWgDevice() : FakeWgDevice(Options{}) {}
  explicit FakeWgDevice(Options options) : options_{options} {}

  // In the order in which the kernel applies them.
  enum class Attribute : std::uint8_t { preshared_key, endpoint, allowed_ips, keepalive };
  // Which peers a dump that is interrupted shows.
  using Shows = std::function<bool(const PublicKey&)>;

  Result<kernel::DeviceIdentity> identity() override;
  std::vector<Status> apply(std::span<const kernel::PeerChange> changes) override;
  // In the order of the keys.
  Result<kernel::PeerList> peers() override;

  // What a test arranges.
  void set_private_key(std::span<const std::uint8_t, 32> key);
  void clear_private_key();
  void set_listen_port(std::uint16_t port) { options_.listen_port = port; }
  void set_ifindex(std::uint32_t ifindex) { options_.ifindex = ifindex; }
  // The next `count` changes (not calls of `apply`) are refused with `code` and leave no trace.
  void fail_next_changes(std::size_t count, int code);
  void fail_next_identities(std::size_t count, int code) { identity_failures_ = {count, code}; }
  void fail_next_dumps(std::size_t count, int code) { dump_failures_ = {count, code}; }
  // The next `count` dumps are interrupted: they show these peers only, as they are.
  void interrupt_next_dumps(
      std::size_t count, Shows shows = [](const PublicKey&) { return true; });
  // From now on every change with this attribute is refused with `code`; 0: no longer.
  void refuse(Attribute attribute, int code) { refusals_[attribute] = code; }
  // From now on every call does this first: a device that takes its time lets the test's clock go
  // on, or something else happen meanwhile. An empty function: no longer.
  void answer_late(std::function<void()> meanwhile) { meanwhile_ = std::move(meanwhile); }
  // From now on every call blocks until `release`, which lets all of them go on.
  void hang();
  void wait_until_it_hangs();
  void release();
  // Every call fails with ENODEV from now on; the peers are gone.
  void delete_interface();

  // What a remote device does. False when there is no such peer.
  bool complete_handshake(const PublicKey& key, WallTime at);
  bool roam(const PublicKey& key, const Endpoint& endpoint);
  bool count_traffic(const PublicKey& key, std::uint64_t received, std::uint64_t sent);

  // What a test looks at.
  [[nodiscard]] const kernel::PeerState* find(const PublicKey& key) const;
  [[nodiscard]] bool has_preshared_key(const PublicKey& key, const Secret<32>& expected) const;
  [[nodiscard]] std::size_t peer_count() const { return peers_.size(); }
  [[nodiscard]] std::size_t apply_calls() const { return apply_calls_; }
  [[nodiscard]] std::size_t identity_calls() const { return identity_calls_; }
  [[nodiscard]] std::size_t dump_calls() const { return dump_calls_; }
  // Every change that was asked for, refused ones included, in order.
  [[nodiscard]] const std::vector<kernel::PeerChange>& changes() const { return changes_; }
  // The keys that the device initiated a handshake to, in order.
  [[nodiscard]] const std::vector<PublicKey>& initiations() const { return initiations_; }
  void forget_history();

 private:
  struct Peer {
    kernel::PeerState state;
    std::optional<Secret<32>> preshared_key;
  };
  struct Failures {
    std::size_t left = 0;
    int code = 0;
  };

  // Whether calls are to wait, and how many do. Shared with the threads that hang.
  struct Gate {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_shut = false;
    std::size_t waiting = 0;
  };

  static Status take_failure(Failures& failures);
  // What every call does first.
  void begin_call();
  [[nodiscard]] Status refusal_of(Attribute attribute) const;
  Status apply_one(const kernel::PeerChange& change);
  Status create(const PublicKey& key);
  Status change_peer(Peer& peer, const kernel::PeerChange& change);
  void change_keepalive(Peer& peer, std::uint16_t seconds);
  void move_allowed_ip(const IpPrefix& prefix, Peer& to);
  void release_allowed_ips(Peer& peer);
  void remove(const PublicKey& key);
  [[nodiscard]] bool is_own_key(const PublicKey& key) const;

  Options options_;
  bool deleted_ = false;
  std::optional<Secret<32>> private_key_;
  std::map<PublicKey, Peer> peers_;
  std::map<IpPrefix, PublicKey> owners_;
  Failures change_failures_;
  Failures identity_failures_;
  Failures dump_failures_;
  std::size_t interruptions_ = 0;
  Shows shows_;
  std::map<Attribute, int> refusals_;
  std::function<void()> meanwhile_;
  Gate gate_;
  std::size_t apply_calls_ = 0;
  std::size_t identity_calls_ = 0;
  std::size_t dump_calls_ = 0;
  std::vector<kernel::PeerChange> changes_;
  std::vector<PublicKey> initiations_;
};

} // namespace provisiond::test
