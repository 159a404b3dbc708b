#pragma once

#include "settings/node.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace provisiond::settings {

// What the YAML says, before anybody asks what it means.
struct Tree {
  struct Fault {
    Mark at;
    std::string what;
  };

  Node root;
  std::vector<Fault> faults; // syntax, and the parts of YAML that a configuration has no use for
  bool complete = false;     // false: parsing ended at the last fault
};

// More than any real file; each bounds what a hostile one can cost.
inline constexpr std::size_t maximum_file_size = 262'144; // 256 KiB
inline constexpr std::size_t maximum_depth = 16;

// One document of UTF-8 text. Anchors, aliases, tags and keys that are no plain text are faults, so
// that the tree is never larger than the text. Never throws for what is in `yaml`.
[[nodiscard]] Tree parse_tree(std::string_view yaml);

} // namespace provisiond::settings
