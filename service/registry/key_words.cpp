#include "registry/key_words.hpp"

#include <algorithm>

namespace provisiond::registry {
namespace {

bool is_base64(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/' || c == '=';
}

} // namespace

std::string without_keys(std::string_view text) {
  constexpr std::size_t shortest = 40;
  std::string shown;
  while (!text.empty()) {
    const std::size_t word = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), is_base64) - text.begin());
    if (word >= shortest)
      shown += "(a key)";
    else
      shown += text.substr(0, std::max<std::size_t>(word, 1));
    text.remove_prefix(std::max<std::size_t>(word, 1));
  }
  return shown;
}

} // namespace provisiond::registry
