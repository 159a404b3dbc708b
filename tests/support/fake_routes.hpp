#pragma once

#include "kernel/routes.hpp"

#include <set>
#include <span>
#include <vector>

namespace provisiond::test {

// A routing table in memory, with the kernel's semantics: a prefix that somebody else has a route
// for is EEXIST. The table outlives the object through which a keeper sees it.
struct FakeRouteTable {
  std::set<IpPrefix> ours;
  std::set<IpPrefix> others;
  const FakeRouteTable* beside = nullptr;       // of another interface, in the same kernel table
  std::uint32_t ifindex = 0;                    // of the interface
  std::vector<IpPrefix> subnets;                // of the interface
  std::vector<kernel::AddressSubnet> elsewhere; // of other interfaces
  std::vector<IpAddress> next_hops;

  std::size_t part = 1'000'000;             // routes per part of a listing
  int listing_failure = 0;                  // errno of every listing; 0: none
  int change_failure = 0;                   // errno of every change; 0: none
  int listings = 0;                         // begun
  std::vector<kernel::RouteChange> changes; // asked for, refused ones included
  std::size_t largest_batch = 0;
};

class FakeRoutes final : public kernel::Routes {
 public:
  explicit FakeRoutes(FakeRouteTable& table) : table_{table} {}

  std::vector<Status> apply(std::span<const kernel::RouteChange> changes) override;
  Result<Listing> list(Listed& into) override;
  Result<std::vector<kernel::AddressSubnet>> subnets() override;

 private:
  Status apply_one(const kernel::RouteChange& change);

  FakeRouteTable& table_;
  std::size_t listed_ = 0;
};

} // namespace provisiond::test
