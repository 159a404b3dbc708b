#include "postgres/hosts.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstdint>
#include <string>

namespace provisiond::postgres {
namespace {

std::string_view take_item(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view item = list.substr(0, comma);
  list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
  return item;
}

bool is_loopback(std::string_view host) {
  constexpr std::uint32_t net = 127;
  const std::string text{host};
  in_addr four{};
  if (::inet_pton(AF_INET, text.c_str(), &four) == 1) return ntohl(four.s_addr) >> 24U == net;
  in6_addr six{};
  if (::inet_pton(AF_INET6, text.c_str(), &six) != 1) return host == "localhost";
  return IN6_IS_ADDR_LOOPBACK(&six) != 0 ||
         (IN6_IS_ADDR_V4MAPPED(&six) != 0 && six.s6_addr[12] == net);
}

// Nothing means libpq's own default, which is a socket.
bool is_socket(std::string_view host, std::string_view address) {
  return address.empty() && (host.empty() || host.front() == '/' || host.front() == '@');
}

bool is_here(std::string_view host, std::string_view address) {
  return is_socket(host, address) || is_loopback(address.empty() ? host : address);
}

} // namespace

bool leads_away(std::string_view hosts, std::string_view addresses) {
  while (!hosts.empty() || !addresses.empty()) {
    const std::string_view host = take_item(hosts);
    const std::string_view address = take_item(addresses);
    if (!is_here(host, address)) return true;
  }
  return false;
}

std::vector<std::string> network_hosts(std::string_view hosts, std::string_view addresses) {
  std::vector<std::string> found;
  while (!hosts.empty() || !addresses.empty()) {
    const std::string_view host = take_item(hosts);
    const std::string_view address = take_item(addresses);
    if (!is_socket(host, address)) found.emplace_back(address.empty() ? host : address);
  }
  return found;
}

} // namespace provisiond::postgres
