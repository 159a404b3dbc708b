#include "revalidate/revalidation.hpp"

#include <algorithm>

namespace provisiond::revalidate {

namespace {

// Places of a peer table looked at in one turn, at most.
constexpr std::size_t most_places = 1024;

} // namespace

void Revalidation::gather(const Step& step) {
  std::size_t places = 0;
  std::size_t without_round = 0;
  while (places < most_places && without_round < rounds_.size() && queue_.size() < most) {
    next_to_gather_ = (next_to_gather_ + 1) % rounds_.size();
    Round& round = rounds_[next_to_gather_];
    if (round.is_over()) {
      ++without_round;
      continue;
    }
    without_round = 0;
    places += most;
    const InterfaceId interface { .value = static_cast<std::uint16_t>(next_to_gather_) };
    for (const PublicKey& key : step(interface, round.walk(), most))
      queue_.add({.interface = interface, .key = key});
  }
}

bool Revalidation::has_more_to_gather() const {
  return queue_.size() < most &&
         std::ranges::any_of(rounds_, [](const Round& round) { return !round.is_over(); });
}

std::size_t Revalidation::left(
    const std::function<std::size_t(InterfaceId, const PeerWalk&)>& places_left) const {
  std::size_t left = queue_.size();
  for (std::size_t i = 0; i < rounds_.size(); ++i) {
    const InterfaceId interface { .value = static_cast<std::uint16_t>(i) };
    const auto [first, then] = rounds_[i].rest();
    left += places_left(interface, first) + places_left(interface, then);
  }
  return left;
}

} // namespace provisiond::revalidate
