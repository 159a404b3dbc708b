#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::postgres {

// The addresses of a host name, as text; none when nobody knows it.
using Resolver = std::function<std::vector<std::string>(const std::string& name)>;
std::vector<std::string> resolve_name(const std::string& name); // asks the system; blocks

// libpq's lists with commas, of one length; an empty port list stays empty.
struct HostLists {
  std::string hosts{};
  std::string addresses{};
  std::string ports{};
};

// One entry of the lists.
struct Server {
  std::string host;
  std::string address;
  std::string port;
};
std::vector<Server> servers_of(const HostLists& lists);

// With an entry for each address of each name. libpq gives a name up when its first address is not
// the server that is wanted, although a name of several servers has one address for each. nullopt
// when no name has several.
std::optional<HostLists> every_address(const HostLists& lists, const Resolver& resolver);

} // namespace provisiond::postgres
