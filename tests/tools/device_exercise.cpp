// Drives a real WireGuard interface through kernel/wg_device.hpp and compares what it reports with
// what was asked for. The interface has a private key, is up and has no peers; lo is up; it takes
// root. Prints a line for each check and ends with status 1 when one failed.
//
//   ip netns exec NAMESPACE device_exercise wgs0 --backend netlink|userspace

#include "base/clock.hpp"
#include "kernel/wg_device.hpp"
#include "support/initiation_listener.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <net/if.h>
#include <sodium.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <string>
#include <vector>

namespace provisiond {
namespace {

using kernel::DeviceIdentity;
using kernel::PeerChange;
using kernel::PeerState;
using kernel::WgDevice;
using Action = kernel::PeerChange::Action;
using Model = std::map<PublicKey, PeerState>;

double milliseconds_since(TimePoint begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

PublicKey random_key() {
  PublicKey key;
  randombytes_buf(key.bytes.data(), key.bytes.size());
  return key;
}

IpPrefix v4_prefix(std::uint32_t number) {
  const std::uint32_t low = number & 0xffffU;
  return IpPrefix::parse(fmt::format("10.{}.{}.{}", number >> 16U, low >> 8U, low & 255U)).value();
}

IpPrefix v6_prefix(std::uint32_t number) {
  return IpPrefix::parse(fmt::format("fd00::{:x}:{:x}", number >> 16U, number & 0xffffU)).value();
}

PeerChange change_of(Action action, const PublicKey& key) {
  PeerChange change;
  change.action = action;
  change.key = key;
  return change;
}

class Exercise {
 public:
  Exercise(WgDevice& device, std::string name, std::uint32_t peers)
      : device_{device}, name_{std::move(name)}, peer_count_{peers} {}

  bool run() {
    identity();
    add();
    change();
    refusals();
    initiations();
    measure();
    remove();
    return failures_ == 0;
  }

 private:
  void check(bool good, const std::string& what) {
    fmt::print("{} {}\n", good ? "ok" : "FAILED", what);
    if (!good) ++failures_;
  }

  // Applies and times; every status has to be good.
  void apply(const std::vector<PeerChange>& changes, const std::string& what) {
    const TimePoint begin = Clock::now();
    const std::vector<Status> statuses = device_.apply(changes);
    const double spent = milliseconds_since(begin);
    const Status bad = first_error(statuses);
    check(bad.has_value() && statuses.size() == changes.size(),
          fmt::format("{}: {} changes in {:.2f} ms{}", what, changes.size(), spent,
                      bad ? "" : ": " + bad.error().message()));
  }

  static Status first_error(const std::vector<Status>& statuses) {
    for (const Status& status : statuses) {
      if (!status) return status;
    }
    return {};
  }

  void compare(const std::string& what) {
    const TimePoint begin = Clock::now();
    Result<kernel::PeerList> found = device_.peers();
    const double spent = milliseconds_since(begin);
    if (!found) {
      check(false, fmt::format("{}: {}", what, found.error().message()));
      return;
    }
    std::size_t different = 0;
    for (PeerState& peer : found->peers)
      different += matches(peer) ? 0U : 1U;
    const std::size_t count = found->peers.size();
    check(found->is_complete && different == 0 && count == model_.size(),
          fmt::format("{}: {} peers read in {:.2f} ms, {} expected, {} differ", what, count, spent,
                      model_.size(), different));
  }

  bool matches(PeerState& peer) const {
    const Model::const_iterator found = model_.find(peer.key);
    if (found == model_.end()) return false;
    std::vector<IpPrefix> expected = found->second.allowed_ips;
    std::sort(expected.begin(), expected.end());
    std::sort(peer.allowed_ips.begin(), peer.allowed_ips.end());
    return peer.allowed_ips == expected && peer.endpoint == found->second.endpoint &&
           peer.keepalive_seconds == found->second.keepalive_seconds;
  }

  void identity() {
    const TimePoint begin = Clock::now();
    const Result<DeviceIdentity> identity = device_.identity();
    const double spent = milliseconds_since(begin);
    if (!identity) {
      check(false, "identity: " + identity.error().message());
      return;
    }
    check(identity->ifindex == if_nametoindex(name_.c_str()) && identity->private_key &&
              identity->listen_port != 0,
          fmt::format("identity: ifindex {}, port {}, {} private key, {:.2f} ms with {} peers",
                      identity->ifindex, identity->listen_port, identity->private_key ? "a" : "no",
                      spent, model_.size()));
  }

  // Peer `number`: endpoints for the even ones, keepalives for the odd ones (with an endpoint they
  // would start to talk), preshared keys for some; peer 0 has 300 allowed IPs, peer 1 has 3000.
  PeerChange make_peer(std::uint32_t number) {
    PeerChange change = change_of(Action::set, random_key());
    const Endpoint even = number % 4 == 0 ? Endpoint::parse("127.0.0.1:9").value()
                                          : Endpoint::parse("[::1]:9").value();
    if (number % 2 == 0) change.endpoint = even;
    change.keepalive_seconds = static_cast<std::uint16_t>(number % 2 == 0 ? 0 : number % 65535 + 1);
    if (number % 3 == 0) change.preshared_key = Secret<32>{random_key().bytes};
    change.allowed_ips.emplace();
    const std::uint32_t pairs = number == 0 ? 150 : number == 1 ? 1500 : 1;
    for (std::uint32_t pair = 0; pair < pairs; ++pair, ++next_prefix_) {
      change.allowed_ips->push_back(v4_prefix(next_prefix_));
      change.allowed_ips->push_back(v6_prefix(next_prefix_));
    }
    return change;
  }

  void add() {
    compare("no peers at first");
    std::vector<PeerChange> changes;
    for (std::uint32_t number = 0; number < peer_count_; ++number) {
      changes.push_back(make_peer(number));
      const PeerChange& change = changes.back();
      keys_.push_back(change.key);
      model_[change.key] = PeerState{.key = change.key,
                                     .endpoint = change.endpoint,
                                     .keepalive_seconds = *change.keepalive_seconds,
                                     .allowed_ips = *change.allowed_ips};
    }
    apply(changes, "add");
    compare("after add");
    identity();
  }

  void change() {
    std::vector<PeerChange> changes;
    changes.push_back(change_of(Action::update, keys_[2]));
    changes.back().endpoint = Endpoint::parse("127.0.0.2:10").value();
    model_[keys_[2]].endpoint = changes.back().endpoint;
    changes.push_back(change_of(Action::set, keys_[3]));
    changes.back().allowed_ips.emplace();
    model_[keys_[3]].allowed_ips.clear();
    changes.push_back(change_of(Action::set, keys_[4]));
    changes.back().allowed_ips = model_[keys_[5]].allowed_ips;
    std::swap(model_[keys_[4]].allowed_ips, model_[keys_[5]].allowed_ips);
    model_[keys_[5]].allowed_ips.clear();
    changes.push_back(change_of(Action::update, random_key()));
    changes.back().keepalive_seconds = 7;
    changes.push_back(change_of(Action::remove, random_key()));
    apply(changes, "change, update of a missing peer, removal of a missing peer");
    compare("after change");
  }

  void refusals() {
    std::vector<PeerChange> changes;
    for (std::size_t number = 6; number < 9; ++number) {
      changes.push_back(change_of(Action::set, keys_[number]));
      changes.back().allowed_ips.emplace();
      model_[keys_[number]].allowed_ips.clear();
    }
    changes[1].allowed_ips->push_back(IpPrefix{.address = {}, .length = 33});
    const std::vector<Status> statuses = device_.apply(changes);
    check(statuses.size() == 3 && statuses[0] && !statuses[1] && statuses[2] &&
              statuses[1].error().code() == EINVAL,
          fmt::format("a bad change fails alone: {}",
                      statuses[1] ? "it did not fail" : statuses[1].error().message()));
    compare("after refusals");
  }

  // In one call: a peer whose keepalive is turned on and off again is greeted once, and a peer that
  // is merely given its endpoint is left alone.
  void initiations() {
    const test::InitiationListener greeted;
    const test::InitiationListener silent;
    std::vector<PeerChange> changes;
    changes.push_back(change_of(Action::set, keys_[10]));
    changes.back().endpoint = greeted.endpoint();
    changes.back().keepalive_seconds = 25;
    changes.push_back(change_of(Action::set, keys_[12]));
    changes.back().endpoint = silent.endpoint();
    changes.push_back(change_of(Action::set, keys_[10]));
    changes.back().keepalive_seconds = 0;
    apply(changes, "keepalive on, another peer, keepalive off");
    const int to_greeted = greeted.count(std::chrono::milliseconds{1500});
    const int to_silent = silent.count(std::chrono::milliseconds{10});
    check(to_greeted == 1, fmt::format("{} initiation to the greeted peer", to_greeted));
    check(to_silent == 0, fmt::format("{} initiations to the other peer", to_silent));
    model_[keys_[10]].endpoint = greeted.endpoint();
    model_[keys_[12]].endpoint = silent.endpoint();
    compare("after initiations");
  }

  void measure() {
    constexpr std::uint32_t batch = 128;
    std::vector<PeerChange> together;
    std::vector<PeerChange> alone;
    for (std::uint32_t number = 0; number < batch; ++number) {
      together.push_back(make_peer(2));
      alone.push_back(make_peer(2));
    }
    apply(together, "one call");
    const TimePoint begin = Clock::now();
    bool good = true;
    for (const PeerChange& change : alone)
      good = device_.apply(std::span{&change, 1}).front().has_value() && good;
    const double spent = milliseconds_since(begin);
    check(good, fmt::format("one by one: {} changes in {:.2f} ms", alone.size(), spent));
    std::vector<PeerChange> removals;
    for (const std::vector<PeerChange>* changes : {&together, &alone}) {
      for (const PeerChange& change : *changes)
        removals.push_back(change_of(Action::remove, change.key));
    }
    apply(removals, "remove them");
  }

  void remove() {
    std::vector<PeerChange> changes;
    for (const PublicKey& key : keys_)
      changes.push_back(change_of(Action::remove, key));
    model_.clear();
    apply(changes, "remove");
    compare("after remove");
  }

  WgDevice& device_;
  std::string name_;
  std::uint32_t peer_count_;
  std::uint32_t next_prefix_ = 0;
  std::vector<PublicKey> keys_;
  Model model_; // what the interface should report
  int failures_ = 0;
};

} // namespace
} // namespace provisiond

int main(int argc, char** argv) {
  using provisiond::kernel::Backend;
  std::string name;
  Backend backend = Backend::automatic;
  std::uint32_t peers = 1000;
  CLI::App app{"Drives a WireGuard interface through its back end and checks what it reports"};
  app.add_option("interface", name, "the interface's name")->required();
  app.add_option("--backend", backend, "automatic, netlink or userspace")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Backend>{{"automatic", Backend::automatic},
                                         {"netlink", Backend::netlink},
                                         {"userspace", Backend::userspace}}));
  app.add_option("--peers", peers, "how many peers to add")->check(CLI::Range(20, 100000));
  CLI11_PARSE(app, argc, argv);

  const provisiond::Result<std::unique_ptr<provisiond::kernel::WgDevice>> device =
      provisiond::kernel::open_device(name, backend);
  if (!device) {
    fmt::print("FAILED open: {}\n", device.error().message());
    return 1;
  }
  return provisiond::Exercise{**device, name, peers}.run() ? 0 : 1;
}
