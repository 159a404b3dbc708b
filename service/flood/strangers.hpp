#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "flood/order.hpp"
#include "flood/report.hpp"
#include "flood/supply.hpp"
#include "initiator/initiation.hpp"
#include "initiator/packet_sender.hpp"

#include <cstddef>
#include <deque>
#include <optional>

namespace provisiond::flood {

// Sends what was prepared and hears what comes back to it: from one port of this machine, or from
// made-up addresses by a raw socket. Answers to those are heard where the prefix is routed to this
// machine (`ip route add local`), and are nobody's otherwise. One thread.
class Strangers {
 public:
  // Cookies that wait for their turn; more are counted and forgotten.
  static constexpr std::size_t most_waiting = 4'096;

  static Result<Strangers> open(const Order& order, Supply supply);

  Status send(Kind kind, TimePoint now, Tally& tally);
  // What was answered with a cookie, once more with it.
  [[nodiscard]] bool has_cookies() const { return !waiting_.empty(); }
  Status send_with_cookie(TimePoint now, Tally& tally);

  // Takes all that has arrived.
  Status receive(TimePoint now, Tally& tally);
  [[nodiscard]] int descriptor() const { return socket_.descriptor(); }

 private:
  struct Waiting {
    Supply::Place place{};
    initiator::Cookie cookie{};
  };

  Strangers(const Order& order, Supply supply, initiator::PacketSender socket)
      : order_{order}, supply_{std::move(supply)}, socket_{std::move(socket)} {}

  Status send_bytes(std::uint32_t source, std::span<const std::uint8_t> bytes);
  void take(std::span<const std::uint8_t> packet, TimePoint now, Tally& tally);
  void keep_cookie(Supply::Place place, std::span<const std::uint8_t> reply, Tally& tally);

  const Order& order_;
  Supply supply_;
  initiator::PacketSender socket_;
  std::optional<initiator::PacketSender> raw_{}; // with made-up sources
  std::uint32_t next_source_ = 0;
  std::deque<Waiting> waiting_{};
};

} // namespace provisiond::flood
