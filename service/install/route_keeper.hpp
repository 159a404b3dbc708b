#pragma once

#include "base/allowed_ip_index.hpp"
#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "base/result.hpp"
#include "install/route_plan.hpp"
#include "kernel/routes.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

namespace provisiond::install {

// Keeps the kernel's routes to one interface in step with the peers on it. What changes on the
// device is followed at once; at the beginning and once per interval the kernel's routes are listed
// and the rest is put right. Nothing is changed before the first listing is complete, and while one
// goes on.
//
//   list     a part at a time; what is new to us is put right
//   sweep    a slice of the routes that we know at a time: which ones the listing has not told
//   review   a batch at a time, after the first listing and when the interface's subnets are
//            others: every prefix of the device and of the routes. What has changed goes first.
//
// So no step is linear in the routes: it costs one part of a listing, one slice of a sweep and at
// most `batch` changes; `has_work` tells that another one should follow soon. Device and routes may
// change between any two steps: what changes before its turn in a review is seen by that, what
// changes after it is noted. What cannot be changed is tried again after the next listing. Its
// routes outlive the keeper.
//
// Loop thread. Memory: about 80 bytes per allowed IP beyond the interface's subnets.
class RouteKeeper {
 public:
  static constexpr std::size_t batch = 256;
  static constexpr std::size_t sweep_slice = 4096;

  // What the peer with this key, which has the prefix on the device, is to us.
  using HolderOf = std::function<PrefixHolder(const IpPrefix&, const PublicKey&)>;

  struct Options {
    std::uint32_t ifindex = 0; // of the interface that the routes lead to
    std::uint32_t table = kernel::main_route_table;
    Duration interval{}; // between listings
    // The holder of a prefix that no known peer has. `unasked` while not all peers of the device
    // are known, so that its route stays.
    PrefixHolder without_peer = PrefixHolder::nobody;
    std::vector<IpPrefix> within{}; // see RouteBounds
    // Interfaces of the same network, between which peers and their prefixes move; none: no other.
    std::function<bool(std::uint32_t ifindex)> is_sibling{};
    // Whether a peer, on any interface, has its endpoint inside; none: no peer.
    std::function<bool(const IpPrefix&)> holds_endpoint{};
  };

  // A change that failed, told once until it succeeds, fails in another way or is not wanted any
  // more.
  struct Fault {
    IpPrefix prefix;
    Error error;
  };
  struct Outcome {
    std::vector<Fault> faults;
    std::vector<RefusedRoute> refused; // told once, too
    std::size_t failures = 0;          // those told before included
    Status listing; // an Error: the routes could not be read, and stay as they are
  };

  RouteKeeper(std::unique_ptr<kernel::Routes> routes, Options options);

  // What has changed on the device since the last step, once or several times each.
  void note(std::span<const IpPrefix> changed);
  // What was in the way of this prefix, or whose it is, has changed. A failure is told anew.
  void retry(const IpPrefix& prefix);
  // Where the database is: no route takes that. Others than before ask for a review.
  void keep_out(const std::vector<IpAddress>& database);
  // The kernel may have changed something by itself: the next step lists, anew if it was at it.
  void hurry() { is_hurried_ = true; }

  Outcome step(const AllowedIpIndex& device, const HolderOf& holder_of, TimePoint now);

  [[nodiscard]] bool has_work() const {
    return stage_ != Stage::settle ||
           (has_listed_ && (!to_settle_.empty() || review_.is_under_way || retry_.is_under_way));
  }
  // The first listing is complete: `has_route` knows of the routes from before.
  [[nodiscard]] bool has_listed() const { return has_listed_; }
  [[nodiscard]] bool has_route(const IpPrefix& prefix) const { return present_.contains(prefix); }
  // Routes of ours, as far as we know.
  [[nodiscard]] std::size_t size() const { return present_.size(); }

 private:
  enum class Stage : std::uint8_t { settle, list, sweep };

  // How far somebody is who goes through prefixes in their order.
  struct Walk {
    bool is_under_way = false;
    std::optional<IpPrefix> last{};
  };

  // Why a prefix that should have a route has none: errno, or a refusal.
  struct Cause {
    int code = 0;
    std::optional<RouteRefusal> refusal{};
    bool operator==(const Cause&) const = default;
  };

  Status list(TimePoint now);
  Status end_listing(TimePoint now);
  void sweep();
  [[nodiscard]] std::optional<IpPrefix> next_to_settle(const AllowedIpIndex& device);
  [[nodiscard]] std::optional<IpPrefix> next_to_review(const AllowedIpIndex& device) const;
  [[nodiscard]] std::optional<IpPrefix> next_to_retry() const;
  [[nodiscard]] std::vector<PrefixState> take_batch(const AllowedIpIndex& device,
                                                    const HolderOf& holder_of);
  Result<RouteScope> read_scope();
  void settle(const std::vector<PrefixState>& prefixes, Outcome& outcome);
  void take_status(const kernel::RouteChange& change, const Status& status, Outcome& outcome);

  std::unique_ptr<kernel::Routes> routes_;
  Options options_;
  RouteScope scope_;
  TimePoint listing_due_{};
  bool is_hurried_ = false;
  Stage stage_ = Stage::settle;
  bool has_listed_ = false;
  std::uint64_t listing_ = 0;                 // the number of the last one
  std::optional<IpPrefix> sweep_from_;        // in present_; none: the beginning
  Walk review_;                               // over the device and present_
  Walk retry_;                                // over failed_
  std::map<IpPrefix, std::uint64_t> present_; // in the kernel, ours; which listing told it last
  std::set<IpPrefix> to_settle_;              // may not be as they should be
  std::map<IpPrefix, Cause> failed_;          // of peers of ours
  std::set<IpAddress> next_hops_;             // that this listing has told so far
};

} // namespace provisiond::install
