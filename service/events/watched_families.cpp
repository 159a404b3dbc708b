#include "events/watched_families.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace provisiond::events {

using kernel::WgDialect;

Status WatchedFamilies::accepts(const WatchedInterface& interface) const {
  if (interface.ifindex == 0) return fail(Error{"watch an interface that has no index"});
  bool is_known = false;
  for (const Entry& entry : entries_) {
    is_known = is_known || entry.interface.id == interface.id;
    if (entry.interface.id == interface.id || entry.interface.ifindex != interface.ifindex) {
      continue;
    }
    return fail(Error{fmt::format("watch interface {}: another interface is watched by this index",
                                  interface.ifindex)});
  }
  if (!is_known && entries_.size() >= maximum_) {
    return fail(Error{fmt::format("watch interface {}: {} interfaces are watched, the maximum",
                                  interface.ifindex, maximum_)});
  }
  return {};
}

void WatchedFamilies::put(const WatchedInterface& interface, const kernel::WgFamily& family) {
  remove(interface.id);
  entries_.push_back(
      {.interface = interface, .dialect = family.dialect, .family = family.family.id});
  known_[static_cast<std::size_t>(family.dialect)] = family.family.id;
}

void WatchedFamilies::remove(InterfaceId interface) {
  std::erase_if(entries_, [&](const Entry& entry) { return entry.interface.id == interface; });
}

bool WatchedFamilies::has_any(WgDialect dialect) const {
  return std::ranges::any_of(entries_,
                             [&](const Entry& entry) { return entry.dialect == dialect; });
}

std::optional<WgDialect> WatchedFamilies::dialect_of(std::uint16_t message_type) const {
  for (const WgDialect dialect : kernel::wg_dialects) {
    const std::uint16_t family = known_[static_cast<std::size_t>(dialect)];
    if (family != 0 && family == message_type) return dialect;
  }
  return std::nullopt;
}

std::optional<InterfaceId> WatchedFamilies::interface_of(std::uint16_t message_type,
                                                         std::uint32_t ifindex) const {
  for (const Entry& entry : entries_) {
    if (entry.family == message_type && entry.interface.ifindex == ifindex) {
      return entry.interface.id;
    }
  }
  return std::nullopt;
}

std::optional<WgDialect> WatchedFamilies::miss(std::span<const kernel::GenericFamily> present) {
  const auto is_present = [&](WgDialect dialect, std::uint16_t id) {
    return std::ranges::any_of(present, [&](const kernel::GenericFamily& family) {
      return family.id == id && family.name == to_string(dialect);
    });
  };
  for (const WgDialect dialect : kernel::wg_dialects) {
    std::uint16_t& known = known_[static_cast<std::size_t>(dialect)];
    if (!is_present(dialect, known)) known = 0;
  }
  for (const Entry& entry : entries_) {
    if (!is_present(entry.dialect, entry.family)) return entry.dialect;
  }
  return std::nullopt;
}

} // namespace provisiond::events
