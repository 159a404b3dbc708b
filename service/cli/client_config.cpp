#include "cli/client_config.hpp"

#include "base/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace provisiond::cli {
namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(' ');
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> items;
  for (std::size_t comma = text.find(','); comma != std::string_view::npos;
       comma = text.find(',')) {
    items.emplace_back(trimmed(text.substr(0, comma)));
    text.remove_prefix(comma + 1);
  }
  items.emplace_back(trimmed(text));
  return items;
}

bool is_host_name(std::string_view text) {
  constexpr std::size_t longest = 253;
  const bool has_edges = !text.empty() && text.front() != '-' && text.front() != '.';
  return has_edges && text.size() <= longest && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '.';
         });
}

bool is_endpoint(std::string_view text) {
  const std::optional<Endpoint> address = Endpoint::parse(text);
  if (address) return address->port != 0;
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !is_host_name(text.substr(0, colon))) return false;
  unsigned port = 0;
  const char* const end = text.data() + text.size();
  const std::from_chars_result parsed = std::from_chars(text.data() + colon + 1, end, port);
  return parsed.ec == std::errc{} && parsed.ptr == end && port > 0 && port <= 65535;
}

bool is_name_server_or_domain(const std::string& text) {
  return IpAddress::parse(text).has_value() || is_host_name(text);
}

bool is_prefix(const std::string& text) {
  return IpPrefix::parse(text).has_value();
}

bool is_single_address(const std::string& text) {
  const std::optional<IpPrefix> prefix = IpPrefix::parse(text);
  return prefix && prefix->length == prefix->address.bits();
}

tl::unexpected<Error> refuse_option(std::string_view option, std::string_view what) {
  return fail(Error{fmt::format("{} is not {}", option, what), EINVAL});
}

std::string joined_by_comma(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, ", "));
}

} // namespace

Status check(const GatewayWords& gateway) {
  if (!is_endpoint(gateway.endpoint))
    return refuse_option("--endpoint",
                         "HOST:PORT, as vpn.example.org:51820 or [2001:db8::1]:51820");
  const std::optional<PublicKey> key = PublicKey::parse(gateway.key);
  if (!key || *key == PublicKey{})
    return refuse_option("--gateway-key",
                         "a WireGuard key: 44 characters of base64, as \"wg pubkey\" prints it");
  const std::vector<std::string> prefixes = list_of(gateway.allowed_ips);
  if (!std::all_of(prefixes.begin(), prefixes.end(), is_prefix))
    return refuse_option("--client-allowed-ips", "a list of prefixes, as 10.0.0.0/8,fd00::/8");
  const std::vector<std::string> servers = list_of(gateway.dns.value_or("x"));
  if (!std::all_of(servers.begin(), servers.end(), is_name_server_or_domain))
    return refuse_option("--dns", "a list of addresses and domains, as 10.0.0.1,example.org");
  return {};
}

Result<SecretText> client_config(const ClientSecrets& secrets, const ClientPlace& place,
                                 const GatewayWords& gateway) {
  std::vector<std::string> addresses;
  std::copy_if(place.allowed_ips.begin(), place.allowed_ips.end(), std::back_inserter(addresses),
               is_single_address);
  if (addresses.empty())
    return fail(Error{"none of the allowed IPs is a single address (/32 or /128), so the client "
                      "would have no address",
                      EINVAL});
  SecretText text{"[Interface]\nPrivateKey = "};
  text += base64_of(secrets.private_key.bytes());
  text += fmt::format("\nAddress = {}\n", joined_by_comma(addresses));
  if (gateway.dns) text += fmt::format("DNS = {}\n", joined_by_comma(list_of(*gateway.dns)));
  text += fmt::format("\n[Peer]\nPublicKey = {}\n", gateway.key);
  if (secrets.preshared_key) {
    text += "PresharedKey = ";
    text += base64_of(secrets.preshared_key->bytes());
    text += '\n';
  }
  text += fmt::format("Endpoint = {}\nAllowedIPs = {}\n", gateway.endpoint,
                      joined_by_comma(list_of(gateway.allowed_ips)));
  if (place.keepalive_seconds > 0)
    text += fmt::format("PersistentKeepalive = {}\n", place.keepalive_seconds);
  return text;
}

} // namespace provisiond::cli
