#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::settings {

// A place in the file, counted from 1.
struct Mark {
  int line = 1;
  int column = 1;
};

// A YAML value with its place. A child of a map has a key.
struct Node {
  // `unusable`: reported already, to be passed over in silence.
  enum class Kind : std::uint8_t { unusable, null, scalar, sequence, map };

  Kind kind = Kind::null;
  Mark at;
  std::string text; // of a scalar
  std::string key;
  Mark key_at;
  std::vector<Node> children;

  [[nodiscard]] const Node* find(std::string_view wanted) const;
  // Where to point when the value is wrong: at the key, if there is no value.
  [[nodiscard]] Mark place() const;
};

} // namespace provisiond::settings
