#include "postgres/every_address.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>

namespace provisiond::postgres {
namespace {

std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> items;
  if (list.empty()) return items;
  while (true) {
    const std::size_t comma = list.find(',');
    items.emplace_back(list.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    list.remove_prefix(comma + 1);
  }
}

void append(std::string& list, std::string_view item, bool& is_first) {
  if (!is_first) list += ',';
  list += item;
  is_first = false;
}

// Empty and /path and @name are sockets.
bool is_name(std::string_view host) {
  return !host.empty() && host.front() != '/' && host.front() != '@';
}

std::string item_or(const std::vector<std::string>& items, std::size_t index,
                    const std::string& fallback) {
  return index < items.size() ? items[index] : fallback;
}

} // namespace

std::vector<std::string> resolve_name(const std::string& name) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner{found, &::freeaddrinfo};
  std::vector<std::string> addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0)
      continue;
    if (std::ranges::find(addresses, text.data()) == addresses.end())
      addresses.emplace_back(text.data());
  }
  return addresses;
}

// A port alone is that of all hosts.
std::vector<Server> servers_of(const HostLists& lists) {
  const std::vector<std::string> hosts = items_of(lists.hosts);
  const std::vector<std::string> addresses = items_of(lists.addresses);
  const std::vector<std::string> ports = items_of(lists.ports);
  std::vector<Server> servers;
  for (std::size_t i = 0; i < std::max(hosts.size(), addresses.size()); ++i)
    servers.push_back({.host = item_or(hosts, i, ""),
                       .address = item_or(addresses, i, ""),
                       .port = ports.size() == 1 ? ports.front() : item_or(ports, i, "")});
  return servers;
}

std::optional<HostLists> every_address(const HostLists& lists, const Resolver& resolver) {
  const std::vector<std::string> hosts = items_of(lists.hosts);
  const std::vector<std::string> addresses = items_of(lists.addresses);
  const std::vector<std::string> ports = items_of(lists.ports);
  HostLists all;
  bool has_several = false;
  bool first_host = true;
  bool first_address = true;
  bool first_port = true;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    std::vector<std::string> found{item_or(addresses, i, "")};
    if (found.front().empty() && is_name(hosts[i])) {
      const std::vector<std::string> resolved = resolver(hosts[i]);
      if (resolved.size() > 1) found = resolved;
    }
    has_several = has_several || found.size() > 1;
    for (const std::string& address : found) {
      append(all.hosts, hosts[i], first_host);
      append(all.addresses, address, first_address);
      if (ports.size() > 1) append(all.ports, item_or(ports, i, ""), first_port);
    }
  }
  if (!has_several) return std::nullopt;
  if (ports.size() <= 1) all.ports = lists.ports;
  return all;
}

} // namespace provisiond::postgres
