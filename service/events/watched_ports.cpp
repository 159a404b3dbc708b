#include "events/watched_ports.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace provisiond::events {

Status WatchedPorts::add(const WatchedInterface& interface) {
  if (interface.listen_port == 0) return fail(Error{"watch an interface that has no listen port"});
  const std::optional<InterfaceId> owner = interface_of(interface.listen_port);
  if (owner && *owner != interface.id) {
    return fail(Error{fmt::format("watch port {}: another interface is watched on this port",
                                  interface.listen_port)});
  }
  for (WatchedInterface& known : interfaces_) {
    if (known.id != interface.id) continue;
    known = interface;
    return {};
  }
  if (interfaces_.size() >= maximum_) {
    return fail(Error{fmt::format("watch port {}: {} interfaces are watched, the maximum",
                                  interface.listen_port, maximum_)});
  }
  interfaces_.push_back(interface);
  return {};
}

void WatchedPorts::remove(InterfaceId interface) {
  std::erase_if(interfaces_, [&](const WatchedInterface& known) { return known.id == interface; });
}

std::optional<InterfaceId> WatchedPorts::interface_of(std::uint16_t listen_port) const {
  for (const WatchedInterface& interface : interfaces_) {
    if (interface.listen_port == listen_port) return interface.id;
  }
  return std::nullopt;
}

std::vector<std::uint16_t> WatchedPorts::ports() const {
  std::vector<std::uint16_t> ports;
  ports.reserve(interfaces_.size());
  for (const WatchedInterface& interface : interfaces_) {
    ports.push_back(interface.listen_port);
  }
  return ports;
}

} // namespace provisiond::events
