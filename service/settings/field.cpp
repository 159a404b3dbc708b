#include "settings/field.hpp"

#include "settings/keys.hpp"
#include "settings/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

namespace provisiond::settings {
namespace {

// "lookups" at the wrong place -> "admission.lookups".
std::optional<std::string> right_place(std::string_view key) {
  for (const std::string& path : known_paths())
    if (path.ends_with(key) && path.size() > key.size() &&
        path[path.size() - key.size() - 1] == '.')
      return path;
  return std::nullopt;
}

std::string what_was_meant(std::string key, std::span<const std::string_view> known) {
  std::replace(key.begin(), key.end(), '_', '-');
  if (const std::optional<std::string_view> meant = closest(key, known))
    return fmt::format("did you mean \"{}\"?", *meant);
  if (const std::optional<std::string> path = right_place(key))
    return fmt::format("did you mean {}?", *path);
  return fmt::format("known here: {}", fmt::join(known, ", "));
}

} // namespace

bool expect_map(const Cursor& at) {
  switch (at.node().kind) {
  case Node::Kind::unusable:
    return false;
  case Node::Kind::null:
  case Node::Kind::map:
    return true;
  case Node::Kind::scalar:
  case Node::Kind::sequence:
    break;
  }
  at.problem("needs keys of its own; write them indented below it, one \"key: value\" a line");
  return false;
}

std::vector<const Node*> known_entries(const Cursor& at, std::span<const std::string_view> known) {
  std::vector<const Node*> entries;
  std::map<std::string_view, int> line_of;
  for (const Node& entry : at.node().children) {
    const std::pair<std::map<std::string_view, int>::iterator, bool> first =
        line_of.emplace(entry.key, entry.key_at.line);
    if (std::find(known.begin(), known.end(), entry.key) == known.end())
      at.problem_with_key(entry, "unknown key; " + what_was_meant(entry.key, known));
    else if (!first.second)
      at.problem_with_key(
          entry, fmt::format("is set twice, first in line {}; remove one", first.first->second));
    else
      entries.push_back(&entry);
  }
  return entries;
}

} // namespace provisiond::settings
