#include "kernel/wg_messages.hpp"

#include "kernel/netlink_message.hpp"
#include "kernel/wall_seconds.hpp"

#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/time_types.h>
#include <linux/wireguard.h>

namespace provisiond::kernel {

namespace {

using Bytes = std::span<const std::uint8_t>;

nlmsghdr* begin_message(const WgTarget& target, std::uint8_t command, std::uint32_t sequence,
                        WipedBuffer& out) {
  nlmsghdr* message = mnl_nlmsg_put_header(out.room().data());
  message->nlmsg_type = target.family;
  message->nlmsg_seq = sequence;
  const genlmsghdr header{.cmd = command, .version = WG_GENL_VERSION, .reserved = 0};
  std::memcpy(mnl_nlmsg_put_extra_header(message, sizeof header), &header, sizeof header);
  mnl_attr_put_u32(message, WGDEVICE_A_IFINDEX, target.ifindex);
  return message;
}

std::uint32_t flags_of(const ChangePart& part) {
  if (part.removes()) return WGPEER_F_REMOVE_ME;
  std::uint32_t flags = 0;
  if (part.only_updates()) flags |= WGPEER_F_UPDATE_ONLY;
  if (part.replaces_allowed_ips()) flags |= WGPEER_F_REPLACE_ALLOWEDIPS;
  return flags;
}

void put_endpoint(nlmsghdr* message, const Endpoint& endpoint) {
  sockaddr_storage address{};
  const socklen_t length = endpoint.to_sockaddr(address);
  mnl_attr_put(message, WGPEER_A_ENDPOINT, length, &address);
}

void put_allowed_ip(nlmsghdr* message, const IpPrefix& prefix) {
  const bool v4 = prefix.address.family == IpAddress::Family::v4;
  const Bytes address = prefix.address.significant();
  nlattr* nest = mnl_attr_nest_start(message, 0);
  mnl_attr_put_u16(message, WGALLOWEDIP_A_FAMILY, v4 ? AF_INET : AF_INET6);
  mnl_attr_put(message, WGALLOWEDIP_A_IPADDR, address.size(), address.data());
  mnl_attr_put_u8(message, WGALLOWEDIP_A_CIDR_MASK, prefix.length);
  mnl_attr_nest_end(message, nest);
}

void put_keepalive(nlmsghdr* message, KeepaliveFormat format, std::uint16_t seconds) {
  if (format == KeepaliveFormat::seconds) {
    mnl_attr_put_u16(message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, seconds);
  } else {
    const std::uint32_t range = std::uint32_t{seconds} << 16U | seconds;
    mnl_attr_put_u32(message, WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL, range);
  }
}

// The width tells the format; of a range the minimum counts.
std::uint16_t read_keepalive(Bytes payload) {
  if (const std::optional<std::uint32_t> range = read_value<std::uint32_t>(payload)) {
    return static_cast<std::uint16_t>(*range & 0xffffU);
  }
  return read_value<std::uint16_t>(payload).value_or(0);
}

void put_peer(nlmsghdr* message, const ChangePart& part, KeepaliveFormat keepalive) {
  const PeerChange& change = *part.change;
  mnl_attr_put(message, WGPEER_A_PUBLIC_KEY, change.key.bytes.size(), change.key.bytes.data());
  if (const std::uint32_t flags = flags_of(part); flags != 0) {
    mnl_attr_put_u32(message, WGPEER_A_FLAGS, flags);
  }
  if (part.removes()) return;
  if (part.is_first() && change.preshared_key) {
    const std::span<const std::uint8_t, 32> key = change.preshared_key->bytes();
    mnl_attr_put(message, WGPEER_A_PRESHARED_KEY, key.size(), key.data());
  }
  if (part.is_first() && change.endpoint) put_endpoint(message, *change.endpoint);
  if (part.sets_keepalive()) {
    put_keepalive(message, keepalive, *change.keepalive_seconds);
  }
  if (part.allowed_ips.empty()) return;
  nlattr* nest = mnl_attr_nest_start(message, WGPEER_A_ALLOWEDIPS);
  for (const IpPrefix& prefix : part.allowed_ips)
    put_allowed_ip(message, prefix);
  mnl_attr_nest_end(message, nest);
}

template <class Value>
void keep_value(Bytes payload, Value& into) {
  into = read_value<Value>(payload).value_or(into);
}

WallTime read_handshake_time(Bytes payload) {
  const __kernel_timespec time =
      read_value<__kernel_timespec>(payload).value_or(__kernel_timespec{});
  const bool valid = time.tv_sec >= 0 && time.tv_sec <= maximum_wall_seconds && time.tv_nsec >= 0 &&
                     time.tv_nsec < 1'000'000'000;
  if (!valid) return {};
  return WallTime{std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec}};
}

std::optional<IpPrefix> read_allowed_ip(Bytes attributes) {
  std::uint16_t family = AF_UNSPEC;
  std::optional<std::uint8_t> length;
  Bytes address;
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    if (type == WGALLOWEDIP_A_FAMILY) keep_value(payload, family);
    if (type == WGALLOWEDIP_A_IPADDR) address = payload;
    if (type == WGALLOWEDIP_A_CIDR_MASK) length = read_value<std::uint8_t>(payload);
  });
  if (!length) return std::nullopt;
  if (family == AF_INET && address.size() == 4 && *length <= 32) {
    return IpPrefix::covering(IpAddress::v4(address.first<4>()), *length);
  }
  if (family == AF_INET6 && address.size() == 16 && *length <= 128) {
    return IpPrefix::covering(IpAddress::v6(address.first<16>()), *length);
  }
  return std::nullopt;
}

void read_allowed_ips(Bytes nest, std::vector<IpPrefix>& into) {
  for_each_attribute(nest, [&](std::uint16_t, Bytes attributes) {
    if (const std::optional<IpPrefix> prefix = read_allowed_ip(attributes)) into.push_back(*prefix);
  });
}

std::optional<PublicKey> read_key(Bytes attributes) {
  std::optional<PublicKey> key;
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    if (type == WGPEER_A_PUBLIC_KEY && payload.size() == 32) {
      key = PublicKey::from(payload.first<32>());
    }
  });
  return key;
}

void read_peer_attribute(std::uint16_t type, Bytes payload, PeerState& peer) {
  switch (type) {
  case WGPEER_A_ENDPOINT:
    peer.endpoint = read_endpoint(payload);
    break;
  case WGPEER_A_LAST_HANDSHAKE_TIME:
    peer.last_handshake = read_handshake_time(payload);
    break;
  case WGPEER_A_RX_BYTES:
    keep_value(payload, peer.received_bytes);
    break;
  case WGPEER_A_TX_BYTES:
    keep_value(payload, peer.sent_bytes);
    break;
  case WGPEER_A_PERSISTENT_KEEPALIVE_INTERVAL:
    peer.keepalive_seconds = read_keepalive(payload);
    break;
  case WGPEER_A_ALLOWEDIPS:
    read_allowed_ips(payload, peer.allowed_ips);
    break;
  default:
    break;
  }
}

} // namespace

void append_change(const WgTarget& target, const ChangePart& part, std::uint32_t sequence,
                   WipedBuffer& out) {
  nlmsghdr* message = begin_message(target, WG_CMD_SET_DEVICE, sequence, out);
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  nlattr* peers = mnl_attr_nest_start(message, WGDEVICE_A_PEERS);
  nlattr* peer = mnl_attr_nest_start(message, 0);
  put_peer(message, part, target.keepalive);
  mnl_attr_nest_end(message, peer);
  mnl_attr_nest_end(message, peers);
  out.commit(message->nlmsg_len);
}

void append_get_device(const WgTarget& target, std::uint32_t sequence, WipedBuffer& out) {
  nlmsghdr* message = begin_message(target, WG_CMD_GET_DEVICE, sequence, out);
  message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  out.commit(message->nlmsg_len);
}

std::optional<DeviceIdentity> read_identity(std::span<const std::uint8_t> attributes) {
  DeviceIdentity identity;
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    if (type == WGDEVICE_A_IFINDEX) keep_value(payload, identity.ifindex);
    if (type == WGDEVICE_A_IFNAME) identity.name = read_text(payload);
    if (type == WGDEVICE_A_LISTEN_PORT) keep_value(payload, identity.listen_port);
    if (type == WGDEVICE_A_FWMARK) keep_value(payload, identity.fwmark);
    if (type == WGDEVICE_A_PRIVATE_KEY && payload.size() == 32) {
      identity.private_key = Secret<32>{payload.first<32>()};
    }
  });
  if (identity.ifindex == 0) return std::nullopt;
  return identity;
}

void PeerDump::add(std::span<const std::uint8_t> attributes) {
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes peers) {
    if (type != WGDEVICE_A_PEERS) return;
    for_each_attribute(peers, [&](std::uint16_t, Bytes peer) { add_peer(peer); });
  });
}

void PeerDump::add_peer(std::span<const std::uint8_t> attributes) {
  const std::optional<PublicKey> key = read_key(attributes);
  if (!key) return;
  const bool continues = !peers_.empty() && peers_.back().key == *key;
  if (!continues) peers_.emplace_back().key = *key;
  const std::size_t told_before = peers_.back().allowed_ips.size();
  for_each_attribute(attributes, [&](std::uint16_t type, Bytes payload) {
    read_peer_attribute(type, payload, peers_.back());
  });
  if (continues && peers_.back().allowed_ips.size() == told_before) cut_short_.insert(*key);
}

std::vector<PeerState> PeerDump::take_told_whole() {
  std::erase_if(peers_, [this](const PeerState& peer) { return cut_short_.contains(peer.key); });
  return std::move(peers_);
}

} // namespace provisiond::kernel
