#include "lookup/known_keys.hpp"

#include <algorithm>
#include <utility>

namespace provisiond::lookup {

namespace {

// A network that begins grows by more than a sixteenth.
std::size_t room_for(std::size_t keys) {
  constexpr std::size_t least_growth = 4'096;
  return keys + std::max(least_growth, keys / 16);
}

} // namespace

KnownKeys::Answer KnownKeys::find(const PeerId& id) const {
  const std::uint64_t value = value_of(id.key);
  return filters_.with([&](const std::vector<std::optional<Filter>>& filters) {
    const std::optional<Filter>& filter = filters[id.interface.value];
    if (!filter) return Answer::passes;
    return filter->keys.may_hold(value) ? Answer::may_be_known : Answer::unknown;
  });
}

KnownKeys::Room KnownKeys::add(const PeerId& id) {
  const std::uint64_t value = value_of(id.key);
  return filters_.with([&](std::vector<std::optional<Filter>>& filters) {
    std::optional<Filter>& filter = filters[id.interface.value];
    if (!filter) return Room::enough;
    if (filter->keys.add(value)) ++filter->size;
    return filter->size > filter->most ? Room::used_up : Room::enough;
  });
}

void KnownKeys::pass_everything(InterfaceId interface) {
  filters_.with(
      [&](std::vector<std::optional<Filter>>& filters) { filters[interface.value].reset(); });
}

// Nobody waits while it is made.
void KnownKeys::replace(InterfaceId interface, std::span<const std::uint64_t> values) {
  const std::size_t most = room_for(values.size());
  Filter made{.keys = BloomFilter{most}, .size = values.size(), .most = most};
  for (const std::uint64_t value : values)
    made.keys.add(value);
  filters_.with([&](std::vector<std::optional<Filter>>& filters) {
    filters[interface.value] = std::move(made);
  });
}

KnownKeys::Overview KnownKeys::overview() const {
  return filters_.with([](const std::vector<std::optional<Filter>>& filters) {
    Overview overview;
    for (const std::optional<Filter>& filter : filters) {
      if (!filter) continue;
      ++overview.interfaces;
      overview.keys += filter->size;
      overview.bytes += filter->keys.bytes();
    }
    return overview;
  });
}

} // namespace provisiond::lookup
