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
// has a socket of its own while it goes on: our routes, IPv4 first, then others' next hops, a
// protocol at a time.
class NetlinkRoutes final : public Routes {
 public:
  static constexpr std::size_t maximum_changes = 256;
  static constexpr int datagrams_per_part = 16; // of a listing; some 600 routes each

  static Result<std::unique_ptr<NetlinkRoutes>> open(const RouteTarget& target);

  std::vector<Status> apply(std::span<const RouteChange> changes) override;
  Result<Listing> list(Listed& into) override;
  Result<std::vector<AddressSubnet>> subnets() override;

 private:
  // What is being listed.
  struct Dump {
    NetlinkSocket socket;
    std::size_t number = 0; // which one of those that make a listing
    std::uint32_t sequence = 0;
  };

  NetlinkRoutes(const RouteTarget& target, NetlinkSocket socket);

  void exchange(std::span<const RouteChange> changes, std::span<Status> statuses);
  [[nodiscard]] Status receive_statuses(std::uint32_t first, std::span<const RouteChange> changes,
                                        std::span<Status> statuses);
  Status begin_dump(std::size_t number);
  Result<Listing> read_dump(Listed& into);

  RouteTarget target_;
  NetlinkSocket socket_;
  WipedBuffer request_;
  WipedBuffer answer_;
  std::optional<Dump> dump_;
};

} // namespace provisiond::kernel
