#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace provisiond::settings {

// Letters to add, drop, change or swap with the next to make one word of the other (optimal string
// alignment). Time and memory: the product of the lengths.
std::size_t edit_distance(std::string_view one, std::string_view other);

// The word that was probably meant: the closest, if no more than a third of it differs. Words
// longer than any key are not compared.
std::optional<std::string_view> closest(std::string_view word,
                                        std::span<const std::string_view> known);

} // namespace provisiond::settings
