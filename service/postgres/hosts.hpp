#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace provisiond::postgres {

// True when one of the hosts is neither a socket nor this machine's loopback. `hosts` and
// `addresses` are libpq's lists with commas; where an address stands it is what is connected to. A
// name is believed only when it is "localhost".
bool leads_away(std::string_view hosts, std::string_view addresses);

// Those which are reached over a network: of each its address where that is given, else its name.
std::vector<std::string> network_hosts(std::string_view hosts, std::string_view addresses);

} // namespace provisiond::postgres
