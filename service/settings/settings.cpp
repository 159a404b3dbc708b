#include "settings/settings.hpp"

namespace provisiond::settings {

std::vector<IpPrefix> not_global_prefixes() {
  std::vector<IpPrefix> prefixes;
  for (const char* const text :
       {"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "198.18.0.0/15",
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "fc00::/7", "2001:db8::/32"})
    prefixes.push_back(IpPrefix::parse(text).value());
  return prefixes;
}

} // namespace provisiond::settings
