// A kernel's dump of peers in several messages and datagrams. With an even first byte the input
// describes peers and where the kernel cuts: what is read is exactly what was described. With an
// odd one it is the attributes of each message, whatever they are: what is read is sound and no
// more than fits.

#include "fuzz/input.hpp"
#include "fuzz/peers.hpp"
#include "fuzz/targets.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/wg_messages.hpp"
#include "support/netlink_bytes.hpp"

#include <linux/time_types.h>
#include <linux/wireguard.h>

#include <chrono>
#include <optional>

namespace provisiond::fuzz::fuzz_peer_dump {

using provisiond::kernel::NetlinkMessage;
using provisiond::kernel::PeerDump;
using provisiond::kernel::PeerState;
using provisiond::test::attribute;
using provisiond::test::ByteVector;
using provisiond::test::raw;

namespace {

constexpr std::uint16_t nested = NLA_F_NESTED;
constexpr std::size_t most_peers = 8;
constexpr std::size_t most_allowed_ips = 12;
constexpr std::size_t peer_header_bytes = 4 + 4 + 32; // a nest with a key

IpAddress address_of(Input& input) {
  IpAddress address{};
  if ((input.number<std::uint8_t>() & 1) != 0) address.family = IpAddress::Family::v6;
  const Bytes bytes = input.take(address.bits() / 8);
  std::copy(bytes.begin(), bytes.end(), address.bytes.begin());
  return address;
}

PeerState peer_of(Input& input, std::uint8_t number) {
  PeerState peer;
  peer.key.bytes.fill(number); // each its own
  if ((input.number<std::uint8_t>() & 1) != 0)
    peer.endpoint = Endpoint{.address = address_of(input), .port = input.number<std::uint16_t>()};
  peer.last_handshake = WallTime{std::chrono::seconds{input.number<std::uint32_t>()} +
                                 std::chrono::nanoseconds{input.number<std::uint16_t>()}};
  peer.received_bytes = input.number<std::uint32_t>();
  peer.sent_bytes = input.number<std::uint64_t>();
  peer.keepalive_seconds = input.number<std::uint16_t>();
  const std::size_t count = input.number<std::uint8_t>() % (most_allowed_ips + 1);
  for (std::size_t i = 0; i < count; ++i) {
    const IpAddress address = address_of(input);
    peer.allowed_ips.push_back(IpPrefix::covering(address, input.number<std::uint8_t>()));
  }
  return peer;
}

ByteVector head_of(const PeerState& peer) {
  const std::chrono::nanoseconds time = peer.last_handshake.time_since_epoch();
  const std::chrono::seconds seconds = std::chrono::floor<std::chrono::seconds>(time);
  const __kernel_timespec handshake{.tv_sec = seconds.count(), .tv_nsec = (time - seconds).count()};
  ByteVector bytes =
      attribute(WGPEER_A_PRESHARED_KEY, ByteVector(32, 0)) +
      attribute(WGPEER_A_LAST_HANDSHAKE_TIME, raw(handshake)) +
      attribute(WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, raw(peer.keepalive_seconds)) +
      attribute(WGPEER_A_TX_BYTES, raw(peer.sent_bytes)) +
      attribute(WGPEER_A_RX_BYTES, raw(peer.received_bytes)) +
      attribute(WGPEER_A_PROTOCOL_VERSION, raw(std::uint32_t{1}));
  if (!peer.endpoint) return bytes;
  sockaddr_storage address{};
  const socklen_t length = peer.endpoint->to_sockaddr(address);
  ByteVector endpoint = raw(address);
  endpoint.resize(length);
  return bytes + attribute(WGPEER_A_ENDPOINT, endpoint);
}

ByteVector nest_of(const IpPrefix& prefix) {
  const bool is_v4 = prefix.address.family == IpAddress::Family::v4;
  const Bytes address = prefix.address.significant();
  return attribute(nested,
                   attribute(WGALLOWEDIP_A_CIDR_MASK, raw(prefix.length)) +
                       attribute(WGALLOWEDIP_A_FAMILY,
                                 raw(static_cast<std::uint16_t>(is_v4 ? AF_INET : AF_INET6))) +
                       attribute(WGALLOWEDIP_A_IPADDR, ByteVector(address.begin(), address.end())));
}

// Writes as the kernel does: a peer begins with its head, and what does not fit goes on in the next
// message, which repeats the key alone. Messages are put into one datagram or several.
class Kernel {
 public:
  explicit Kernel(Input& input) : cuts_{input} {}

  void write(const PeerState& peer) {
    const ByteVector key =
        attribute(WGPEER_A_PUBLIC_KEY, ByteVector(peer.key.bytes.begin(), peer.key.bytes.end()));
    ByteVector head = key + head_of(peer);
    ByteVector allowed_ips;
    for (const IpPrefix& prefix : peer.allowed_ips) {
      if ((cuts_.number<std::uint8_t>() & 7) == 7) {
        put(head, allowed_ips);
        end_message();
        head = key;
        allowed_ips.clear();
      }
      allowed_ips = allowed_ips + nest_of(prefix);
    }
    put(head, allowed_ips);
    if ((cuts_.number<std::uint8_t>() & 1) != 0) end_message();
  }

  std::vector<ByteVector> finish() {
    end_message();
    datagrams_.push_back(datagram_);
    return datagrams_;
  }

 private:
  void put(const ByteVector& head, const ByteVector& allowed_ips) {
    peers_ = peers_ +
             attribute(nested, allowed_ips.empty()
                                   ? head
                                   : head + attribute(WGPEER_A_ALLOWEDIPS | nested, allowed_ips));
  }

  void end_message() {
    datagram_ = datagram_ + test::message({.type = 30, .flags = NLM_F_MULTI, .sequence = 1},
                                          test::generic_header(WG_CMD_GET_DEVICE) +
                                              attribute(WGDEVICE_A_PEERS | nested, peers_));
    peers_.clear();
    if ((cuts_.number<std::uint8_t>() & 1) == 0) return;
    datagrams_.push_back(datagram_);
    datagram_.clear();
  }

  Input& cuts_;
  ByteVector peers_;
  ByteVector datagram_;
  std::vector<ByteVector> datagrams_;
};

void check_described(Input& input) {
  std::vector<PeerState> peers;
  const std::size_t count = input.number<std::uint8_t>() % (most_peers + 1);
  for (std::size_t i = 0; i < count; ++i)
    peers.push_back(peer_of(input, static_cast<std::uint8_t>(i + 1)));
  Kernel kernel{input};
  for (const PeerState& peer : peers)
    kernel.write(peer);

  PeerDump dump;
  for (const ByteVector& datagram : kernel.finish()) {
    for (const NetlinkMessage& message : kernel::split_datagram(datagram))
      dump.add(kernel::genl_attributes(message));
  }
  const std::vector<PeerState> read = dump.take();
  require(read.size() == peers.size());
  for (std::size_t i = 0; i < read.size(); ++i)
    require_same(read[i], peers[i]);
}

void check_any(Input& input) {
  PeerDump dump;
  std::size_t bytes = 0;
  while (!input.is_empty()) {
    const std::size_t length = input.number<std::uint16_t>() % 1024;
    const Bytes attributes = input.take(length);
    dump.add(attributes);
    bytes += attributes.size();
  }
  const std::vector<PeerState> peers = dump.take();
  require(peers.size() * peer_header_bytes <= bytes);
  for (std::size_t i = 0; i < peers.size(); ++i) {
    require_sound(peers[i]);
    require(i == 0 || peers[i].key != peers[i - 1].key);
  }
}

} // namespace

void run(Bytes bytes) {
  Input input{bytes};
  if ((input.number<std::uint8_t>() & 1) == 0)
    check_described(input);
  else
    check_any(input);
}

} // namespace provisiond::fuzz::fuzz_peer_dump
