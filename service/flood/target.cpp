#include "flood/target.hpp"

#include "base/unique_fd.hpp"
#include "kernel/link_kind.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <bit>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <thread>

namespace provisiond::flood {

namespace {

namespace fs = std::filesystem;

constexpr const char* named_namespaces = "/run/netns";
// Names beyond these are not looked at: their addresses are then not known, and refused.
constexpr std::size_t most_namespaces = 1'024;

constexpr std::array<std::string_view, 13> unrouted{
    "127.0.0.0/8",   "10.0.0.0/8",    "172.16.0.0/12",   "192.168.0.0/16", "100.64.0.0/10",
    "198.18.0.0/15", "192.0.2.0/24",  "198.51.100.0/24", "203.0.113.0/24", "::1/128",
    "fc00::/7",      "2001:db8::/32", "fe80::/10"};

std::optional<IpAddress> address_of(const sockaddr* address) {
  if (address == nullptr) return std::nullopt;
  if (address->sa_family != AF_INET && address->sa_family != AF_INET6) return std::nullopt;
  const socklen_t length =
      address->sa_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const std::optional<Endpoint> endpoint = Endpoint::from(address, length);
  if (!endpoint) return std::nullopt;
  return endpoint->address;
}

unsigned prefix_length(const sockaddr* mask, IpAddress::Family family) {
  std::span<const std::uint8_t> bytes;
  if (family == IpAddress::Family::v4) {
    const sockaddr_in* v4 = reinterpret_cast<const sockaddr_in*>(mask);
    bytes = {reinterpret_cast<const std::uint8_t*>(&v4->sin_addr), 4};
  } else {
    const sockaddr_in6* v6 = reinterpret_cast<const sockaddr_in6*>(mask);
    bytes = {v6->sin6_addr.s6_addr, 16};
  }
  unsigned length = 0;
  for (const std::uint8_t byte : bytes)
    length += static_cast<unsigned>(std::popcount(byte));
  return length;
}

bool is_veth(const char* name) {
  const Result<std::string> kind = kernel::link_kind(::if_nametoindex(name));
  return kind && *kind == "veth";
}

std::vector<Surroundings::Subnet> subnets_here() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> list{first, &::freeifaddrs};
  std::vector<Surroundings::Subnet> subnets;
  for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
    const std::optional<IpAddress> address = address_of(entry->ifa_addr);
    if (!address || entry->ifa_netmask == nullptr) continue;
    subnets.push_back({.address = *address,
                       .length = prefix_length(entry->ifa_netmask, address->family),
                       .is_veth = is_veth(entry->ifa_name)});
  }
  return subnets;
}

// Entering a namespace is for a thread, and for good: this one ends with it.
void append_addresses_of(const fs::path& path, std::vector<IpAddress>& addresses) {
  const UniqueFd file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!file) return;
  std::thread visitor{[&file, &addresses] {
    if (::setns(file.get(), CLONE_NEWNET) != 0) return;
    for (const Surroundings::Subnet& subnet : subnets_here())
      addresses.push_back(subnet.address);
  }};
  visitor.join();
}

std::vector<IpAddress> addresses_of_namespaces() {
  std::vector<IpAddress> addresses;
  std::error_code ignored;
  std::size_t seen = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator{named_namespaces, ignored}) {
    if (++seen > most_namespaces) break;
    append_addresses_of(entry.path(), addresses);
  }
  return addresses;
}

// What the kernel would send from; nothing is sent by connecting.
std::optional<IpAddress> source_towards(const Endpoint& target) {
  sockaddr_storage address{};
  socklen_t length = target.to_sockaddr(address);
  const UniqueFd socket{::socket(address.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr* generic = reinterpret_cast<sockaddr*>(&address);
  if (!socket || ::connect(socket.get(), generic, length) != 0) return std::nullopt;
  length = sizeof address;
  if (::getsockname(socket.get(), generic, &length) != 0) return std::nullopt;
  return address_of(generic);
}

} // namespace

bool stays_here(const IpAddress& target, const Surroundings& surroundings) {
  if (target.is_loopback()) return true;
  const bool is_named =
      std::ranges::find(surroundings.of_namespaces, target) != surroundings.of_namespaces.end();
  for (const Surroundings::Subnet& subnet : surroundings.subnets) {
    if (subnet.address == target) return true;
    if (!is_named || !subnet.is_veth || subnet.address != surroundings.source) continue;
    if (IpPrefix::covering(subnet.address, subnet.length).contains(target)) return true;
  }
  return false;
}

bool is_nobodys(const IpPrefix& prefix) {
  return std::ranges::any_of(unrouted, [&prefix](std::string_view text) {
    const std::optional<IpPrefix> whole = IpPrefix::parse(text);
    return whole && whole->length <= prefix.length && whole->contains(prefix.address);
  });
}

Surroundings look_around(const Endpoint& target) {
  return {.subnets = subnets_here(),
          .of_namespaces = addresses_of_namespaces(),
          .source = source_towards(target)};
}

Status check_stays_here(const Order& order, const Surroundings& surroundings) {
  if (!stays_here(order.to.address, surroundings))
    return fail(Error{fmt::format(
        "{} is neither loopback, nor an address of this network namespace, nor one of a named "
        "namespace of this machine at the other end of a veth; --i-own-the-target sends to it "
        "nevertheless",
        order.to.address.to_string())});
  if (order.source_prefix && !is_nobodys(*order.source_prefix))
    return fail(Error{fmt::format(
        "answers to {} would go to whoever has these addresses: take private, documentation or "
        "benchmark ones (198.18.0.0/15), or say --i-own-the-target",
        order.source_prefix->to_string())});
  return {};
}

} // namespace provisiond::flood
