#include "initiator/packet_sender.hpp"

#include "wire/frame.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace provisiond::initiator {

namespace {

constexpr std::uint16_t spread_port = 51820;

int domain_of(const Endpoint& endpoint) {
  return endpoint.address.family == IpAddress::Family::v4 ? AF_INET : AF_INET6;
}

int milliseconds_until(TimePoint deadline) {
  const Duration left = std::max(Duration::zero(), deadline - Clock::now());
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
}

} // namespace

PacketSender::PacketSender(const SenderOptions& options, UniqueFd socket)
    : options_{options}, socket_{std::move(socket)} {}

Result<PacketSender> PacketSender::open(const SenderOptions& options) {
  const int domain = domain_of(options.to);
  if (options.source_spread > 0) {
    if (!options.source_prefix) return fail(Error{"spread sources: no source prefix given"});
    UniqueFd raw{::socket(domain, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)};
    if (!raw) return fail(Error::system("open raw socket", errno));
    return PacketSender{options, std::move(raw)};
  }

  UniqueFd socket{::socket(domain, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!socket) return fail(Error::system("open UDP socket", errno));
  const IpAddress any{.family = options.to.address.family};
  const Endpoint local{.address = options.from.value_or(any), .port = options.from_port};
  sockaddr_storage storage;
  const socklen_t length = local.to_sockaddr(storage);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0) {
    return fail(Error::system("bind UDP socket", errno));
  }
  return PacketSender{options, std::move(socket)};
}

Status PacketSender::send(std::span<const std::uint8_t> payload) {
  const std::uint32_t source = next_source_;
  if (is_raw()) next_source_ = (next_source_ + 1) % options_.source_spread;
  return send_as(source, payload);
}

Status PacketSender::send_as(std::uint32_t source, std::span<const std::uint8_t> payload) {
  return is_raw() ? send_raw(source, payload) : send_to(options_.to, payload);
}

Status PacketSender::send_raw(std::uint32_t source, std::span<const std::uint8_t> payload) {
  const Endpoint from{.address = source_in(*options_.source_prefix, source),
                      .port = options_.from_port != 0 ? options_.from_port : spread_port};
  const Result<std::vector<std::uint8_t>> packet =
      wire::build_udp_packet(from, options_.to, payload);
  if (!packet) return fail(packet.error());
  Endpoint destination = options_.to;
  destination.port = 0; // what a raw IPv6 socket asks for
  return send_to(destination, *packet);
}

Status PacketSender::send_to(const Endpoint& destination, std::span<const std::uint8_t> bytes) {
  sockaddr_storage storage;
  const socklen_t length = destination.to_sockaddr(storage);
  if (::sendto(socket_.get(), bytes.data(), bytes.size(), 0,
               reinterpret_cast<const sockaddr*>(&storage), length) < 0) {
    return fail(Error::system("send packet", errno));
  }
  return {};
}

Result<std::optional<Received>> PacketSender::receive(TimePoint deadline) {
  pollfd readable{.fd = socket_.get(), .events = POLLIN, .revents = 0};
  const int ready = ::poll(&readable, 1, milliseconds_until(deadline));
  if (ready < 0 && errno != EINTR) return fail(Error::system("wait for packets", errno));
  if (ready <= 0) return std::optional<Received>{};
  return take_received();
}

Result<std::optional<Received>> PacketSender::take_received() {
  Received received;
  sockaddr_storage from{};
  socklen_t length = sizeof from;
  const ssize_t size = ::recvfrom(socket_.get(), received.bytes.data(), received.bytes.size(),
                                  MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &length);
  if (size < 0) {
    if (errno == EAGAIN || errno == EINTR) return std::optional<Received>{};
    return fail(Error::system("receive packet", errno));
  }
  received.size = static_cast<std::size_t>(size);
  received.from =
      Endpoint::from(reinterpret_cast<const sockaddr*>(&from), length).value_or(Endpoint{});
  return std::optional<Received>{received};
}

Result<std::uint16_t> PacketSender::port() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&storage), &length) != 0) {
    return fail(Error::system("ask for the port of a socket", errno));
  }
  return Endpoint::from(reinterpret_cast<const sockaddr*>(&storage), length)
      .value_or(Endpoint{})
      .port;
}

IpAddress source_in(const IpPrefix& prefix, std::uint64_t number) {
  const unsigned free_bits = std::min(prefix.address.bits() - prefix.length, 32U);
  const std::uint64_t hosts = (std::uint64_t{1} << free_bits) - 1; // without the first address
  return hosts == 0 ? prefix.address : address_at(prefix, 1 + number % hosts);
}

IpAddress address_at(const IpPrefix& prefix, std::uint64_t offset) {
  IpAddress address = prefix.address;
  const std::size_t last = address.bits() / 8 - 1;
  std::uint64_t carry = offset;
  for (std::size_t i = 0; i <= last && carry > 0; ++i) {
    carry += address.bytes[last - i];
    address.bytes[last - i] = static_cast<std::uint8_t>(carry);
    carry >>= 8U;
  }
  return address;
}

} // namespace provisiond::initiator
