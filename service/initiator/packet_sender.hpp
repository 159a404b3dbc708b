#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace provisiond::initiator {

// Where packets go, and where they say that they come from.
struct SenderOptions {
  Endpoint to;
  std::optional<IpAddress> from{}; // none: any of this machine
  std::uint16_t from_port = 0;     // 0: any; with a spread, 51820
  // A spread of N takes the N first host addresses of the prefix in turn as source, through a raw
  // socket; a prefix of one address, or with less, begins again. Only for namespaces of one's own.
  std::optional<IpPrefix> source_prefix;
  std::uint32_t source_spread = 0;
};

struct Received {
  std::array<std::uint8_t, 2048> bytes{};
  std::size_t size = 0;
  Endpoint from;
};

// A UDP socket, or a raw one with made-up sources. One thread.
class PacketSender {
 public:
  static Result<PacketSender> open(const SenderOptions& options);

  Status send(std::span<const std::uint8_t> payload);
  // As the source with that number, of those that are taken in turn; a UDP socket has one only.
  Status send_as(std::uint32_t source, std::span<const std::uint8_t> payload);

  // The next packet that arrives before `deadline`; nullopt when none does. A raw sender hears
  // nothing.
  Result<std::optional<Received>> receive(TimePoint deadline);
  // The next packet that has arrived; nullopt when none has.
  Result<std::optional<Received>> take_received();

  // The port of a UDP socket.
  [[nodiscard]] Result<std::uint16_t> port() const;

  // To wait for many at once.
  [[nodiscard]] int descriptor() const { return socket_.get(); }

 private:
  PacketSender(const SenderOptions& options, UniqueFd socket);

  [[nodiscard]] bool is_raw() const { return options_.source_spread > 0; }
  Status send_raw(std::uint32_t source, std::span<const std::uint8_t> payload);
  Status send_to(const Endpoint& destination, std::span<const std::uint8_t> bytes);

  SenderOptions options_;
  UniqueFd socket_;
  std::uint32_t next_source_ = 0;
};

// The source with that number: a host address of the prefix, whose first one names the network, or
// its only address.
IpAddress source_in(const IpPrefix& prefix, std::uint64_t number);

// The address `offset` places into the prefix.
IpAddress address_at(const IpPrefix& prefix, std::uint64_t offset);

} // namespace provisiond::initiator
