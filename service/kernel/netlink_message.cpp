#include "kernel/netlink_message.hpp"

#include <linux/genetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace provisiond::kernel {

namespace {

// Where the attributes of an error message start: behind the header of the message that it answers,
// and behind that message's payload unless the kernel left it out.
std::size_t verdict_attributes(const NetlinkMessage& message, const nlmsgerr& error) {
  std::size_t offset = sizeof(nlmsgerr);
  if ((message.flags & NLM_F_CAPPED) == 0 && error.msg.nlmsg_len > sizeof(nlmsghdr)) {
    offset += NLMSG_ALIGN(std::size_t{error.msg.nlmsg_len} - sizeof(nlmsghdr));
  }
  return std::min(offset, message.payload.size());
}

} // namespace

std::vector<NetlinkMessage> split_datagram(std::span<const std::uint8_t> datagram) {
  std::vector<NetlinkMessage> messages;
  while (datagram.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header{};
    std::memcpy(&header, datagram.data(), sizeof header);
    const std::size_t length = header.nlmsg_len;
    if (length < sizeof header || length > datagram.size()) break;
    messages.push_back({.type = header.nlmsg_type,
                        .flags = header.nlmsg_flags,
                        .sequence = header.nlmsg_seq,
                        .payload = datagram.subspan(sizeof header, length - sizeof header)});
    datagram = datagram.subspan(std::min(datagram.size(), NLMSG_ALIGN(length)));
  }
  return messages;
}

NetlinkVerdict read_verdict(const NetlinkMessage& message) {
  int code = 0;
  if (message.payload.size() < sizeof code) return {.code = EPROTO, .words = {}};
  std::memcpy(&code, message.payload.data(), sizeof code);
  if (code > 0 || code < -4095) return {.code = EPROTO, .words = {}};
  NetlinkVerdict verdict{.code = -code, .words = {}};
  const bool has_words = message.type == NLMSG_ERROR && (message.flags & NLM_F_ACK_TLVS) != 0;
  if (!has_words || message.payload.size() < sizeof(nlmsgerr)) return verdict;

  nlmsgerr error{};
  std::memcpy(&error, message.payload.data(), sizeof error);
  for_each_attribute(message.payload.subspan(verdict_attributes(message, error)),
                     [&](std::uint16_t type, std::span<const std::uint8_t> payload) {
                       if (type == NLMSGERR_ATTR_MSG) verdict.words = read_text(payload);
                     });
  return verdict;
}

std::span<const std::uint8_t> genl_attributes(const NetlinkMessage& message) {
  if (message.payload.size() < GENL_HDRLEN) return {};
  return message.payload.subspan(GENL_HDRLEN);
}

std::optional<Endpoint> read_endpoint(std::span<const std::uint8_t> payload) {
  sockaddr_storage address{};
  if (payload.size() < sizeof(sa_family_t) || payload.size() > sizeof address) return std::nullopt;
  std::memcpy(&address, payload.data(), payload.size());
  const std::size_t size =
      address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (payload.size() != size) return std::nullopt;
  return Endpoint::from(reinterpret_cast<const sockaddr*>(&address),
                        static_cast<socklen_t>(payload.size()));
}

std::string read_text(std::span<const std::uint8_t> payload) {
  const std::span<const std::uint8_t>::iterator end =
      std::find(payload.begin(), payload.end(), std::uint8_t{0});
  return {payload.begin(), end};
}

} // namespace provisiond::kernel
