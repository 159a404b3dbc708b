#include "settings/suggest.hpp"

#include <algorithm>
#include <vector>

namespace provisiond::settings {
namespace {

constexpr std::size_t longest_key = 40;

} // namespace

std::size_t edit_distance(std::string_view one, std::string_view other) {
  // at(i, j): between the first i letters of `one` and the first j of `other`.
  const std::size_t width = other.size() + 1;
  std::vector<std::size_t> distances((one.size() + 1) * width);
  const auto at = [&distances, width](std::size_t i, std::size_t j) -> std::size_t& {
    return distances[i * width + j];
  };
  for (std::size_t i = 0; i <= one.size(); ++i)
    at(i, 0) = i;
  for (std::size_t j = 0; j <= other.size(); ++j)
    at(0, j) = j;
  for (std::size_t i = 1; i <= one.size(); ++i) {
    for (std::size_t j = 1; j <= other.size(); ++j) {
      const std::size_t change = one[i - 1] == other[j - 1] ? 0 : 1;
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + change});
      if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
    }
  }
  return distances.back();
}

std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> known) {
  if (word.size() > longest_key) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_distance = 0;
  for (const std::string_view candidate : known) {
    const std::size_t distance = edit_distance(word, candidate);
    const std::size_t allowed = std::max(candidate.size() / 3, std::size_t{1});
    if (distance > allowed || (best && distance >= best_distance)) continue;
    best = candidate;
    best_distance = distance;
  }
  return best;
}

} // namespace provisiond::settings
