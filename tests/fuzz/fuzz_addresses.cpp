// Any text as an address, an endpoint, a prefix and a key: what is taken is what it says, written
// by the book. And any five texts, a newline of their own included, as what a client's
// configuration is made of: it has the lines that it should, and no other.

#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "cli/client_config.hpp"
#include "fuzz/input.hpp"
#include "fuzz/peers.hpp"
#include "fuzz/targets.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace provisiond::fuzz::fuzz_addresses {
namespace {

constexpr char separator = '\x1f';

void require_only(std::string_view text, std::string_view characters) {
  require(text.find_first_not_of(characters) == std::string_view::npos);
}

void check_parsers(std::string_view text) {
  if (const std::optional<IpAddress> address = IpAddress::parse(text)) {
    require_only(text, "0123456789abcdefABCDEF:.");
    require(IpAddress::parse(address->to_string()) == address);
  }
  if (const std::optional<Endpoint> endpoint = Endpoint::parse(text)) {
    require_only(text, "0123456789abcdefABCDEF:.[]");
    require(Endpoint::parse(endpoint->to_string()) == endpoint);
  }
  if (const std::optional<IpPrefix> prefix = IpPrefix::parse(text)) {
    require_only(text, "0123456789abcdefABCDEF:./");
    require_sound(*prefix);
    require(prefix->contains(prefix->address));
  }
  if (const std::optional<PublicKey> key = PublicKey::parse(text))
    require(key->to_string() == text);
}

// Name and value of a line, or a heading, or nothing.
void require_line(std::string_view line) {
  if (line.empty() || line == "[Interface]" || line == "[Peer]") return;
  constexpr std::array<std::string_view, 8> names{
      "PrivateKey = ",   "Address = ",  "DNS = ",        "PublicKey = ",
      "PresharedKey = ", "Endpoint = ", "AllowedIPs = ", "PersistentKeepalive = "};
  require(std::any_of(names.begin(), names.end(),
                      [&](std::string_view name) { return line.starts_with(name); }));
  require(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
}

void check_config(Input input) {
  cli::GatewayWords gateway;
  gateway.endpoint = input.text_before(separator);
  gateway.key = input.text_before(separator);
  gateway.allowed_ips = input.text_before(separator);
  const std::string_view dns = input.text_before(separator);
  if (!dns.empty()) gateway.dns = std::string{dns};
  if (!cli::check(gateway)) return;
  const cli::ClientPlace place{.allowed_ips = {std::string{input.text_before(separator)}},
                               .keepalive_seconds = 25};
  const Result<SecretText> config = cli::client_config({}, place, gateway);
  if (!config) return;
  std::string_view rest{*config};
  std::size_t lines = 0;
  for (; !rest.empty(); ++lines) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    require_line(line);
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  require(lines == (gateway.dns ? 10U : 9U));
}

} // namespace

void run(Bytes bytes) {
  check_parsers(text_of(bytes));
  check_config(Input{bytes});
}

} // namespace provisiond::fuzz::fuzz_addresses
