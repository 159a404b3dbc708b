#pragma once

#include "base/result.hpp"
#include "events/source.hpp"
#include "kernel/generic_family.hpp"
#include "kernel/link_kind.hpp"
#include "kernel/wg_dialect.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace provisiond::events {

// Which interface is announced by which generic netlink family, as the families are numbered now.
// A value without I/O.
//
// At most `maximum` interfaces; searched one after the other.
class WatchedFamilies {
 public:
  explicit WatchedFamilies(std::size_t maximum) : maximum_{maximum} {}

  // Why the interface cannot be put: its index is 0 or another's, or there is no room.
  [[nodiscard]] Status accepts(const WatchedInterface& interface) const;
  // Adds the interface, or moves it to its new index or family. Only when it is accepted.
  void put(const WatchedInterface& interface, const kernel::WgFamily& family);
  void remove(InterfaceId interface);

  [[nodiscard]] bool has_any(kernel::WgDialect dialect) const;
  // Whose messages have this type: of a family that an interface is or was put with, and that was
  // not missed since.
  [[nodiscard]] std::optional<kernel::WgDialect> dialect_of(std::uint16_t message_type) const;
  [[nodiscard]] std::optional<InterfaceId> interface_of(std::uint16_t message_type,
                                                        std::uint32_t ifindex) const;

  // Compares with what the kernel has: forgets the families that are not there, or have another
  // number, and returns one on which an interface depends, if there is one.
  std::optional<kernel::WgDialect> miss(std::span<const kernel::GenericFamily> present);

 private:
  struct Entry {
    WatchedInterface interface;
    kernel::WgDialect dialect = kernel::WgDialect::wireguard;
    std::uint16_t family = 0;
  };

  std::size_t maximum_;
  std::vector<Entry> entries_;
  std::array<std::uint16_t, kernel::wg_dialects.size()> known_{}; // by dialect; 0: none
};

} // namespace provisiond::events
