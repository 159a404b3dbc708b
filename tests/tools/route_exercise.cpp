// Drives the kernel's routes through kernel/routes.hpp and compares what it reports with what was
// asked for. The interface is up, has the address 10.80.0.1/16 and no route of ours; it takes root.
// Prints a line for each check and ends with status 1 when one failed.
//
//   ip netns exec NAMESPACE route_exercise d0 --routes 100000 [--table 1000]
//
// With --listed it only prints the routes that are ours, with --remove and --add it changes one.

#include "base/clock.hpp"
#include "install/route_keeper.hpp"
#include "kernel/routes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace provisiond {
namespace {

using Action = kernel::RouteChange::Action;
using Listing = kernel::Routes::Listing;

double milliseconds_since(TimePoint begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Half of them IPv6.
std::vector<IpPrefix> make_prefixes(std::uint32_t count) {
  std::vector<IpPrefix> prefixes;
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t n = i / 2;
    const std::string text =
        i % 2 == 0 ? fmt::format("198.{}.{}.{}/32", 18 + (n >> 16U), (n >> 8U) & 255U, n & 255U)
                   : fmt::format("2001:db8:{:x}:{:x}::/64", n >> 16U, n & 0xffffU);
    prefixes.push_back(IpPrefix::parse(text).value());
  }
  std::ranges::sort(prefixes);
  return prefixes;
}

std::vector<kernel::RouteChange> all(Action action, const std::vector<IpPrefix>& prefixes) {
  std::vector<kernel::RouteChange> changes;
  for (const IpPrefix& prefix : prefixes)
    changes.push_back({.action = action, .prefix = prefix});
  return changes;
}

class Exercise {
 public:
  explicit Exercise(kernel::Routes& routes) : routes_{routes} {}

  bool run(std::uint32_t count) {
    const std::vector<IpPrefix> prefixes = make_prefixes(count);
    check("the interface's subnet is told", has_subnet("10.80.0.0/16"));
    check("there is no route of ours", list().empty());
    check("all are added", succeeds(all(Action::add, prefixes)));
    check("and listed", list() == prefixes);
    check("none is added twice", fails_with(EEXIST, all(Action::add, prefixes)));
    check("the keeper is content with them", keeper_changes_nothing(prefixes));
    check("all are removed", succeeds(all(Action::remove, prefixes)));
    check("and gone", list().empty());
    check("to remove what is gone is no failure", succeeds(all(Action::remove, prefixes)));
    return !failed_;
  }

  std::vector<IpPrefix> list() {
    kernel::Routes::Listed listed;
    double longest = 0;
    while (true) {
      const TimePoint begin = Clock::now();
      const Result<Listing> part = routes_.list(listed);
      longest = std::max(longest, milliseconds_since(begin));
      if (!part) fmt::print("{}\n", part.error().message());
      if (!part || *part == Listing::complete) break;
    }
    std::vector<IpPrefix> prefixes = std::move(listed.ours);
    if (prefixes.size() > 1'000) fmt::print("longest part of the listing: {:.1f} ms\n", longest);
    std::ranges::sort(prefixes);
    return prefixes;
  }

 private:
  void check(std::string_view name, bool holds) {
    fmt::print("{} {}\n", holds ? "ok" : "FAIL", name);
    failed_ = failed_ || !holds;
  }

  bool has_subnet(const char* text) {
    const Result<std::vector<kernel::AddressSubnet>> subnets = routes_.subnets();
    return subnets && std::ranges::count(*subnets, IpPrefix::parse(text).value(),
                                         &kernel::AddressSubnet::prefix) == 1;
  }

  bool succeeds(const std::vector<kernel::RouteChange>& changes) { return fails_with(0, changes); }
  bool fails_with(int code, const std::vector<kernel::RouteChange>& changes) {
    const TimePoint begin = Clock::now();
    const std::vector<Status> statuses = routes_.apply(changes);
    fmt::print("{} changes in {:.1f} ms\n", changes.size(), milliseconds_since(begin));
    return std::ranges::all_of(statuses, [&](const Status& status) {
      return status ? code == 0 : status.error().code() == code;
    });
  }

  // Over a real table; the time of each step is what the loop would be held up.
  bool keeper_changes_nothing(const std::vector<IpPrefix>& prefixes) {
    class Borrowed final : public kernel::Routes {
     public:
      Borrowed(kernel::Routes& routes, std::size_t& changed) : routes_{routes}, changed_{changed} {}
      std::vector<Status> apply(std::span<const kernel::RouteChange> changes) override {
        changed_ += changes.size();
        return routes_.apply(changes);
      }
      Result<Listing> list(Listed& into) override { return routes_.list(into); }
      Result<std::vector<kernel::AddressSubnet>> subnets() override { return routes_.subnets(); }

     private:
      kernel::Routes& routes_;
      std::size_t& changed_;
    };
    std::size_t changed = 0;
    install::RouteKeeper keeper{std::make_unique<Borrowed>(routes_, changed),
                                {.table = 1, .interval = std::chrono::hours{1}}};
    AllowedIpIndex device;
    device.assign(PublicKey{}, prefixes);
    for (const char* const listing : {"first", "second"}) {
      double longest = 0;
      do {
        const TimePoint begin = Clock::now();
        keeper.step(
            device, [](const IpPrefix&, const PublicKey&) { return install::PrefixHolder::ours; },
            begin);
        longest = std::max(longest, milliseconds_since(begin));
      } while (keeper.has_work());
      fmt::print("longest step of the keeper, {} listing: {:.1f} ms\n", listing, longest);
      keeper.hurry();
    }
    return changed == 0 && keeper.size() == prefixes.size();
  }

  kernel::Routes& routes_;
  bool failed_ = false;
};

int change_one(kernel::Routes& routes, Action action, const std::string& text) {
  const std::optional<IpPrefix> prefix = IpPrefix::parse(text);
  if (!prefix) return 2;
  const kernel::RouteChange change{.action = action, .prefix = *prefix};
  const Status status = routes.apply(std::span{&change, 1}).front();
  if (status) return 0;
  fmt::print("{}\n", status.error().message());
  return status.error().code() == EEXIST ? 3 : 1;
}

} // namespace
} // namespace provisiond

int main(int argc, char** argv) {
  using namespace provisiond;
  CLI::App app{"Exercises kernel/routes.hpp on an interface."};
  std::string name;
  std::string added;
  std::string removed;
  std::uint32_t count = 1'000;
  kernel::RouteTarget target;
  bool is_listed = false;
  app.add_option("interface", name)->required();
  app.add_option("--routes", count);
  app.add_option("--table", target.table);
  app.add_option("--add", added);
  app.add_option("--remove", removed);
  app.add_flag("--listed", is_listed);
  CLI11_PARSE(app, argc, argv);

  target.ifindex = if_nametoindex(name.c_str());
  const Result<std::unique_ptr<kernel::Routes>> routes = kernel::open_routes(target);
  if (!routes) {
    fmt::print("FAIL {}\n", routes.error().message());
    return 1;
  }
  if (!added.empty()) return change_one(**routes, Action::add, added);
  if (!removed.empty()) return change_one(**routes, Action::remove, removed);
  Exercise exercise{**routes};
  if (!is_listed) return exercise.run(count) ? 0 : 1;
  for (const IpPrefix& prefix : exercise.list())
    fmt::print("{}\n", prefix.to_string());
  return 0;
}
