#pragma once

#include "base/endpoint.hpp"
#include "base/result.hpp"
#include "kernel/route_messages.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace provisiond::kernel {

// The kernel's routes to one interface that are ours: those with `route_protocol`. Nobody else's is
// ever changed, whatever it leads to. Calls block until the kernel has answered, which it does at
// once; they belong to one thread.
class Routes {
 public:
  enum class Listing : std::uint8_t { complete, goes_on };

  struct Listed {
    std::vector<IpPrefix> ours;
    // Where others' routes of the main table lead: those of administrators (boot, static), DHCP and
    // router advertisements. What a routing daemon learns is not asked for: it may be the Internet.
    std::vector<IpAddress> next_hops;
  };

  virtual ~Routes() = default;

  // One status per change, in order; one that fails does not stop the others. EEXIST: somebody has
  // a route for this prefix, which stays as it is. To remove what is not there is no failure.
  virtual std::vector<Status> apply(std::span<const RouteChange> changes) = 0;

  // Appends the next part of all routes, a few thousand, so that no call takes long; the first part
  // again after a failure or the last one. Changes between two parts may be missed.
  virtual Result<Listing> list(Listed& into) = 0;

  // What the addresses of all interfaces reach, loopback among them; the kernel has routes for
  // these by itself.
  virtual Result<std::vector<AddressSubnet>> subnets() = 0;
};

// Takes CAP_NET_ADMIN for changes, and nothing to read. Memory: 64 KiB.
Result<std::unique_ptr<Routes>> open_routes(const RouteTarget& target);

} // namespace provisiond::kernel
