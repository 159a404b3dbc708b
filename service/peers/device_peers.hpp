#pragma once

#include "base/allowed_ip_index.hpp"
#include "base/guarded.hpp"
#include "peers/device_queue.hpp"
#include "peers/installed_keys.hpp"
#include "peers/peer_table.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace provisiond::peers {

// What has become of a peer of one device.
struct Outcome {
  enum class Kind : std::uint8_t {
    installed,   // the device has it
    refused,     // the device does not take it, or is gone; it is no peer any more
    not_changed, // the device did not take a change: it does not follow its row
    removed,     // the device has forgotten it
  };
  Kind kind{};
  PublicKey key;
  Departure departure{};        // of one that is removed
  std::optional<Error> error{}; // why it was refused
};

// Everything that is on one device, or on its way there: the table, the allowed IPs, the installed
// keys and the changes that wait. The rule that these agree is kept here and nowhere else, and
// nothing else writes to the device.
//
// What the device has is what it has acknowledged. A peer that leaves stays in the table until
// then, but its allowed IPs are free at once, because changes reach the device in their order.
//
// It has more methods than other classes: what a peer can do here, and what a device can answer.
//
// Loop thread; nothing blocks.
class DevicePeers {
 public:
  DevicePeers() = default;
  DevicePeers(DevicePeers&&) = default;
  DevicePeers& operator=(DevicePeers&&) = default;
  DevicePeers(const DevicePeers&) = delete;
  DevicePeers& operator=(const DevicePeers&) = delete;

  // Which keys are installed is told to the other threads there.
  void publish(InterfaceId interface, Guarded<InstalledKeys>& keys) {
    id_ = interface;
    keys_ = &keys;
  }

  [[nodiscard]] PeerTable& table() { return table_; }
  [[nodiscard]] const PeerTable& table() const { return table_; }
  [[nodiscard]] AllowedIpIndex& allowed_ips() { return allowed_ips_; }
  [[nodiscard]] const AllowedIpIndex& allowed_ips() const { return allowed_ips_; }

  // A new peer. `changes` begins with the one that creates it. Its addresses are taken at once, so
  // that two peers of one batch are held against each other.
  Peer& install(const PublicKey& key, std::span<const IpPrefix> allowed_ips,
                std::vector<kernel::PeerChange>&& changes);
  // One that the device has already.
  Peer& adopt(const kernel::PeerState& state, State first);
  // Changes of a peer that is there.
  void change(Peer& peer, std::vector<kernel::PeerChange>&& changes);

  // The peer is to leave, a batch of such at a time, and may come back before its turn.
  void evict(const PublicKey& key, Peer& peer, const Departure& departure);
  // The peer is to leave before whatever is changed after this; its allowed IPs are free.
  void remove(const PublicKey& key, const Departure& departure);
  // A pass did not find it. False: its removal is on the way, and will be acknowledged.
  bool note_gone(const PublicKey& key);

  // The next batch for the device. `put_back` it when no thread can take it.
  [[nodiscard]] std::optional<Batch> next_batch(TimePoint now);
  void put_back(Batch&& batch) { queue_.put_back(std::move(batch)); }
  // What has become of which peers. Nothing of a device that is gone.
  [[nodiscard]] std::vector<Outcome> acknowledge(Acknowledgement&& acknowledgement, TimePoint now);

  [[nodiscard]] bool has_departures() const { return !departures_.empty(); }
  [[nodiscard]] const DeviceQueue& queue() const { return queue_; }

  // The device is gone, and all its peers with it.
  void clear();

 private:
  // Handed over with one batch at most.
  static constexpr std::size_t most_departures = 64;

  void hand_over_departures();
  void hand_over(const PublicKey& key, Peer& peer, const Departure& departure);
  void erase(const PublicKey& key);
  void take_creation(const PublicKey& key, Status&& status, std::vector<Outcome>& outcomes);
  void take_change(const PublicKey& key, Status&& status, std::vector<Outcome>& outcomes);
  void take_removal(const PublicKey& key, std::vector<Outcome>& outcomes);

  InterfaceId id_;
  Guarded<InstalledKeys>* keys_ = nullptr;
  PeerTable table_;
  AllowedIpIndex allowed_ips_;
  DeviceQueue queue_;
  std::deque<PublicKey> departures_; // of those whose removal has not been handed over
};

} // namespace provisiond::peers
