#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "cli/secret_text.hpp"

#include <optional>
#include <string>
#include <vector>

namespace provisiond::cli {

// The gateway, as a client's configuration needs it.
struct GatewayWords {
  std::string endpoint; // "vpn.example.org:51820" or "[2001:db8::1]:51820"
  std::string key;
  std::string allowed_ips = "0.0.0.0/0, ::/0"; // what the client sends through the tunnel
  std::optional<std::string> dns = {};         // addresses and search domains
};

// Says which of them wg-quick could not read, with the code EINVAL.
Status check(const GatewayWords& gateway);

// What only the client knows.
struct ClientSecrets {
  Secret<32> private_key;
  std::optional<Secret<32>> preshared_key;
};

struct ClientPlace {
  std::vector<std::string> allowed_ips; // as the database has them
  int keepalive_seconds = 0;
};

// The file for `wg-quick` and the apps. The client's addresses are those allowed IPs that are a
// single address; the others are networks behind it. Error code EINVAL when there is no address.
Result<SecretText> client_config(const ClientSecrets& secrets, const ClientPlace& place,
                                 const GatewayWords& gateway);

} // namespace provisiond::cli
