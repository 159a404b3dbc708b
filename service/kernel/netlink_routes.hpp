#pragma once

#include "kernel/netlink_socket.hpp"
#include "kernel/routes.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace provisiond::kernel {

// Routes through rtnetlink. At most `maximum_changes` go to the kernel in one send; their
// acknowledgements are taken before the next, so that the socket's queue cannot overflow. A listing
// has a socket of its own while it goes on: IPv4 first, then IPv6.
class NetlinkRoutes final : public Routes {
 public:
  static constexpr std::size_t maximum_changes = 256;
  static constexpr int datagrams_per_part = 16; // of a listing; some 600 routes each

  static Result<std::unique_ptr<NetlinkRoutes>> open(const RouteTarget& target);

  std::vector<Status> apply(std::span<const RouteChange> changes) override;
  Result<Listing> list(std::vector<IpPrefix>& into) override;
  Result<std::vector<IpPrefix>> subnets() override;

 private:
  // What is being listed.
  struct Dump {
    NetlinkSocket socket;
    IpAddress::Family family = IpAddress::Family::v4;
    std::uint32_t sequence = 0;
  };

  NetlinkRoutes(const RouteTarget& target, NetlinkSocket socket);

  void exchange(std::span<const RouteChange> changes, std::span<Status> statuses);
  [[nodiscard]] Status receive_statuses(std::uint32_t first, std::span<const RouteChange> changes,
                                        std::span<Status> statuses);
  Status begin_dump(IpAddress::Family family);
  Result<Listing> read_dump(std::vector<IpPrefix>& into);

  RouteTarget target_;
  NetlinkSocket socket_;
  WipedBuffer request_;
  WipedBuffer answer_;
  std::optional<Dump> dump_;
};

} // namespace provisiond::kernel
