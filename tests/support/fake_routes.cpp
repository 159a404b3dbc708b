#include "fake_routes.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>

namespace provisiond::test {

std::vector<Status> FakeRoutes::apply(std::span<const kernel::RouteChange> changes) {
  table_.largest_batch = std::max(table_.largest_batch, changes.size());
  std::vector<Status> statuses;
  for (const kernel::RouteChange& change : changes)
    statuses.push_back(apply_one(change));
  return statuses;
}

Status FakeRoutes::apply_one(const kernel::RouteChange& change) {
  table_.changes.push_back(change);
  if (table_.change_failure != 0) return fail(Error::system("a route", table_.change_failure));
  if (change.action == kernel::RouteChange::Action::remove) {
    table_.ours.erase(change.prefix);
    return {};
  }
  const bool is_taken = table_.others.contains(change.prefix) ||
                        (table_.beside != nullptr && table_.beside->ours.contains(change.prefix));
  if (is_taken || !table_.ours.insert(change.prefix).second)
    return fail(Error::system("a route", EEXIST));
  return {};
}

Result<kernel::Routes::Listing> FakeRoutes::list(Listed& into) {
  if (listed_ == 0) ++table_.listings;
  if (table_.listing_failure != 0) return fail(Error::system("list", table_.listing_failure));
  const std::size_t left = table_.ours.size() - std::min(listed_, table_.ours.size());
  const std::size_t count = std::min(left, table_.part);
  const auto first = std::next(table_.ours.begin(), static_cast<std::ptrdiff_t>(listed_));
  std::copy_n(first, count, std::back_inserter(into.ours));
  into.next_hops = table_.next_hops;
  listed_ = count < left ? listed_ + count : 0;
  return count < left ? Listing::goes_on : Listing::complete;
}

Result<std::vector<kernel::AddressSubnet>> FakeRoutes::subnets() {
  std::vector<kernel::AddressSubnet> all = table_.elsewhere;
  for (const IpPrefix& prefix : table_.subnets)
    all.push_back({.ifindex = table_.ifindex, .prefix = prefix});
  return all;
}

} // namespace provisiond::test
