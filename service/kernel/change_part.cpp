#include "kernel/change_part.hpp"

#include <algorithm>

namespace provisiond::kernel {

std::size_t count_parts(const PeerChange& change) {
  if (change.action == PeerChange::Action::remove || !change.allowed_ips) return 1;
  const std::size_t full = change.allowed_ips->size() + ChangePart::maximum_allowed_ips - 1;
  return std::max<std::size_t>(1, full / ChangePart::maximum_allowed_ips);
}

ChangePart part_of(const PeerChange& change, std::size_t index) {
  ChangePart part{
      .change = &change, .allowed_ips = {}, .index = index, .count = count_parts(change)};
  if (part.removes() || !change.allowed_ips) return part;
  const std::span<const IpPrefix> all{*change.allowed_ips};
  const std::size_t begin = std::min(all.size(), index * ChangePart::maximum_allowed_ips);
  const std::size_t count = std::min(all.size() - begin, ChangePart::maximum_allowed_ips);
  part.allowed_ips = all.subspan(begin, count);
  return part;
}

} // namespace provisiond::kernel
