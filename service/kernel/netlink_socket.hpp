#pragma once

#include "base/result.hpp"
#include "kernel/wiped_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

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
  // For the multicast `groups` (a bit mask; 0: none yet); never waits.
  static Result<NetlinkSocket> subscribe(int protocol, unsigned groups);

  [[nodiscard]] int fd() const;
  // Different for every call; what answers a request carries the request's number.
  std::uint32_t next_sequence() { return ++sequence_; }

  // What the kernel may queue for this socket; it doubles the figure, for its own bookkeeping. More
  // than net.core.rmem_max takes CAP_NET_ADMIN; without it that much is granted.
  Status set_receive_buffer(std::size_t bytes);
  [[nodiscard]] Result<std::size_t> receive_buffer() const;
  // Messages that the kernel had for this socket and no room for, since it was opened.
  [[nodiscard]] Result<std::uint64_t> drops() const;

  // From now on the kernel holds its dumps against what the request asks for, and refuses requests
  // with unknown fields (NETLINK_GET_STRICT_CHK, Linux 4.20).
  Status filter_dumps();

  // Begins and ends to receive what the kernel sends to a multicast group. Joining twice is joining
  // once; leaving a group that was not joined is no error. EPERM: the group takes CAP_NET_ADMIN.
  Status join(std::uint32_t group);
  Status leave(std::uint32_t group);

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

} // namespace provisiond::kernel
