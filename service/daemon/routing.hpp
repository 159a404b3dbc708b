#pragma once

#include "base/clock.hpp"
#include "base/rate.hpp"
#include "base/result.hpp"
#include "flow/interface.hpp"
#include "install/route_keeper.hpp"
#include "kernel/routes.hpp"
#include "metrics/metrics.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace provisiond::daemon {

// Gives each interface that wants routes a RouteKeeper as long as it is there, and says what its
// keeper could not do. With its interface the kernel removes the routes by itself; when the daemon
// stops they stay, as the peers do.
//
// A table has one route for a prefix. When peers on two interfaces of one network have the same, as
// one that has moved and has not left its former place yet, the route leads to the one that was
// active last, and to the other when that leaves. Interfaces of two networks never take each
// other's routes. What the gateway needs for itself gets none (install::RouteBounds).
//
// Loop thread. Logs each failure once, twenty at once and ten a second at most. Costs nothing where
// no interface wants routes.
class Routing {
 public:
  using OpenRoutes =
      std::function<Result<std::unique_ptr<kernel::Routes>>(const kernel::RouteTarget&)>;
  // Where the database is; nullopt while that is being found out, and no route is made so long.
  using DatabaseAddresses = std::function<std::optional<std::vector<IpAddress>>()>;
  struct Wiring {
    std::vector<flow::Interface>& interfaces;
    DatabaseAddresses database_addresses;
    metrics::Metrics& metrics;
    OpenRoutes open_routes = kernel::open_routes;
  };

  // What the settings say of one interface's routes.
  struct Order {
    std::uint32_t table = kernel::main_route_table;
    std::vector<IpPrefix> within;
    bool operator==(const Order&) const = default;
  };

  // `orders` is indexed like Wiring::interfaces; none: that interface wants no routes. `interval`
  // is between listings of the kernel's routes. There are no peers yet.
  Routing(const Wiring& wiring, const std::vector<std::optional<Order>>& orders, Duration interval);

  [[nodiscard]] bool is_on() const { return !tracking_.empty(); }
  // One step of each keeper. After a change on the devices, and as often as the loop turns.
  void step(TimePoint now);
  // Links have changed, and with one that goes down its routes go.
  void hurry();
  // Another step should follow at once.
  [[nodiscard]] bool has_work() const;

 private:
  // An interface that wants routes.
  struct Tracking {
    InterfaceId interface;
    Order order{};
    std::uint32_t ifindex = 0;
    flow::Interface::Known known = flow::Interface::Known::none; // when the keeper was made
    std::unique_ptr<install::RouteKeeper> keeper; // none while the interface is not there
    std::string last_problem;                     // so that a lasting problem is logged once
    std::set<IpPrefix>
        yielded; // another interface has the route: as many as prefixes on the device
    std::set<IpPrefix> waiting;       // taken, and not all interfaces are known so far
    std::optional<IpPrefix> reviewed; // the last of `yielded` that was looked at
  };
  // Whose a route in the way is.
  enum class InTheWay : std::uint8_t { someone, other_network, arranged };

  void step(Tracking& tracking, TimePoint now);
  void review(Tracking& tracking);
  [[nodiscard]] InTheWay arrange(Tracking& tracking, const IpPrefix& prefix);
  [[nodiscard]] const peers::Peer* holder(const Tracking& tracking, const IpPrefix& prefix) const;
  [[nodiscard]] bool is_beaten(const Tracking& tracking, const IpPrefix& prefix) const;
  [[nodiscard]] bool are_others_known(const Tracking& tracking) const;
  [[nodiscard]] bool is_beside(const Tracking& tracking, const Tracking& other) const;
  [[nodiscard]] bool is_of_network(std::uint32_t ifindex, const std::string& network) const;
  [[nodiscard]] bool open(const flow::Interface& interface, Tracking& tracking);
  void report(const flow::Interface& interface, Tracking& tracking,
              const install::RouteKeeper::Outcome& outcome, TimePoint now);
  void report(const flow::Interface& interface, Tracking& tracking,
              const install::RouteKeeper::Fault& fault, TimePoint now);
  void report(const flow::Interface& interface, const Tracking& tracking,
              const install::RefusedRoute& refused, TimePoint now);
  void problem(const flow::Interface& interface, Tracking& tracking, const Error& error);

  Wiring wiring_;
  Duration interval_;
  std::vector<Tracking> tracking_;
  TokenBucket lines_;
  bool has_arranged_ = false; // keepers have something to do at once
};

} // namespace provisiond::daemon
