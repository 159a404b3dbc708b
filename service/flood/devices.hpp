#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/unique_fd.hpp"
#include "flood/order.hpp"
#include "flood/report.hpp"
#include "initiator/client.hpp"
#include "initiator/packet_sender.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <vector>

namespace provisiond::flood {

// Registered devices, each with a port of its own and, with a source prefix, an address of it: they
// initiate in turn, open what the gateway answers, answer what it initiates, and count as up when
// they have a session. When a device's turn comes again it begins anew. One thread; at most
// `most_devices`.
class Devices {
 public:
  // Source addresses must be this machine's own: a prefix by `ip route add local`.
  static Result<Devices> open(const Order& order, const std::vector<Secret<32>>& keys);

  // The next device initiates.
  Status send(TimePoint now, Tally& tally);
  // A device that was sent a cookie initiates with it.
  [[nodiscard]] bool has_cookies() const { return !waiting_.empty(); }
  Status send_with_cookie(TimePoint now, Tally& tally);

  // Takes what has arrived at up to some hundred devices.
  Status receive(TimePoint now, Tally& tally);
  [[nodiscard]] int descriptor() const { return poll_.get(); }

 private:
  struct Device {
    initiator::Client client;
    initiator::PacketSender socket;
    TimePoint begun_at{};
    TimePoint sent_at{};
    bool is_answered = true;
    bool is_up = true; // nothing to wait for before it begins
  };

  Devices(const Order& order, UniqueFd poll) : order_{order}, poll_{std::move(poll)} {}

  Status add(const Secret<32>& key);
  Status initiate(Device& device, TimePoint now, Tally& tally);
  Status take(std::size_t number, std::span<const std::uint8_t> packet, TimePoint now,
              Tally& tally);

  const Order& order_;
  UniqueFd poll_;
  std::vector<Device> devices_{};
  std::size_t next_ = 0;
  std::deque<std::size_t> waiting_{}; // each device once at most
};

} // namespace provisiond::flood
