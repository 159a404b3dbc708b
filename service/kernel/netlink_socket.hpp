#pragma once

#include "base/result.hpp"
#include "kernel/wiped_buffer.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

struct mnl_socket;

namespace provisiond::kernel {

// Owns a netlink socket. Answers are capped (an error does not repeat the message that caused it)
// and carry the kernel's own words where it has some. Waits at most two seconds for an answer.
// Move-only, one thread.
class NetlinkSocket {
 public:
  // The kernel makes no larger datagram for a dump, and larger ones only for larger buffers.
  static constexpr std::size_t datagram_bytes = 32768;

  // For requests to a family of `protocol` (NETLINK_GENERIC).
  static Result<NetlinkSocket> open(int protocol);
  // For the multicast `groups` (a bit mask); never waits.
  static Result<NetlinkSocket> subscribe(int protocol, unsigned groups);

  [[nodiscard]] int fd() const;
  // Different for every call; what answers a request carries the request's number.
  std::uint32_t next_sequence() { return ++sequence_; }

  // Whole messages, back to back; the kernel has handled all of them when this returns.
  Status send(std::span<const std::uint8_t> messages);
  // Replaces the contents of `into` with the next datagram from the kernel. Codes: EAGAIN, nothing
  // came; ENOBUFS, the kernel had more to say than the socket could hold, and some of it is lost.
  Status receive(WipedBuffer& into);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const;
  };

  explicit NetlinkSocket(mnl_socket* socket) : socket_{socket} {}
  [[nodiscard]] Status configure();

  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

// The number of a generic netlink family, by name; ENOENT when the kernel has none of that name.
Result<std::uint16_t> resolve_family(NetlinkSocket& socket, const std::string& name);

} // namespace provisiond::kernel
