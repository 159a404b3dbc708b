#pragma once

#include "base/result.hpp"
#include "events/source.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace provisiond::events {

// Which interface listens on which port. A value: change a copy, put the copy into effect, keep it.
// In one network namespace no two interfaces can have the same port, so a port names an interface.
//
// At most `maximum` interfaces; searched one after the other.
class WatchedPorts {
 public:
  explicit WatchedPorts(std::size_t maximum) : maximum_{maximum} {}

  // Adds the interface, or moves it to its new port. Fails, without effect, when the port is 0 or
  // another interface's, or when there is no room.
  Status add(const WatchedInterface& interface);
  void remove(InterfaceId interface);

  [[nodiscard]] std::optional<InterfaceId> interface_of(std::uint16_t listen_port) const;
  [[nodiscard]] std::vector<std::uint16_t> ports() const;

 private:
  std::size_t maximum_;
  std::vector<WatchedInterface> interfaces_;
};

} // namespace provisiond::events
