#pragma once

#include "base/endpoint.hpp"

#include <linux/netlink.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace provisiond::kernel {

// Reading netlink without trust in any length: what does not fit into what is there ends the walk.

// One message; `payload` points into the datagram.
struct NetlinkMessage {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::span<const std::uint8_t> payload;
};

// The messages of a datagram, up to the first that is malformed.
std::vector<NetlinkMessage> split_datagram(std::span<const std::uint8_t> datagram);

// What an NLMSG_ERROR or NLMSG_DONE message says: an errno value (0: success) and the kernel's own
// words, if it had any (extended acknowledgement).
struct NetlinkVerdict {
  int code = 0;
  std::string words;
};
// A message too short to say anything counts as EPROTO.
NetlinkVerdict read_verdict(const NetlinkMessage& message);

// What follows the generic netlink header; nothing when the message is too short for one.
std::span<const std::uint8_t> genl_attributes(const NetlinkMessage& message);

// Calls `visit(type, payload)` for each attribute in `bytes`.
template <class Visit>
void for_each_attribute(std::span<const std::uint8_t> bytes, Visit visit) {
  while (bytes.size() >= sizeof(nlattr)) {
    nlattr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) return;
    const std::uint16_t type = header.nla_type & NLA_TYPE_MASK;
    visit(type, bytes.subspan(sizeof header, header.nla_len - sizeof header));
    const std::size_t aligned = NLA_ALIGN(std::size_t{header.nla_len});
    bytes = bytes.subspan(aligned < bytes.size() ? aligned : bytes.size());
  }
}

// A payload of exactly the size of `Value`, which is a number or a plain struct of the kernel's.
template <class Value>
std::optional<Value> read_value(std::span<const std::uint8_t> payload) {
  Value value{};
  if (payload.size() != sizeof value) return std::nullopt;
  std::memcpy(&value, payload.data(), sizeof value);
  return value;
}

// A sockaddr_in or sockaddr_in6 of exactly its size.
std::optional<Endpoint> read_endpoint(std::span<const std::uint8_t> payload);

// Text up to the first NUL or the end.
std::string read_text(std::span<const std::uint8_t> payload);

} // namespace provisiond::kernel
