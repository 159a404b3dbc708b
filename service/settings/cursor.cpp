#include "settings/cursor.hpp"

#include <fmt/format.h>

#include <utility>

namespace provisiond::settings {
namespace {

constexpr std::size_t longest_shown = 60;
constexpr std::string_view shown_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:/_-[]";

} // namespace

void Context::report(const Mark& at, std::string key, std::string what) {
  if (problems.size() == maximum_problems) return;
  problems.push_back(Problem{file, at.line, at.column, std::move(key), std::move(what)});
}

Cursor Cursor::child(const Node& entry) const {
  return {entry, path_to(entry.key), context_};
}

Cursor Cursor::item(std::size_t index) const {
  return {node_.children[index], fmt::format("{}[{}]", path_, index), context_};
}

void Cursor::problem(std::string what) const {
  context_.report(node_.place(), path_, std::move(what));
}

void Cursor::problem_at(std::string_view key, std::string what) const {
  const Node* entry = node_.find(key);
  context_.report(entry != nullptr ? entry->place() : node_.place(), path_to(key), std::move(what));
}

void Cursor::problem_with_key(const Node& entry, std::string what) const {
  context_.report(entry.key_at, may_be_shown(entry.key) ? path_to(entry.key) : path_,
                  std::move(what));
}

void Cursor::problem_with_value(std::string_view what) const {
  problem(may_be_shown(node_.text) ? fmt::format("\"{}\" {}", node_.text, what)
                                   : fmt::format("the value {}", what));
}

std::string Cursor::path_to(std::string_view key) const {
  return path_.empty() ? std::string{key} : fmt::format("{}.{}", path_, key);
}

bool may_be_shown(std::string_view text) {
  return text.size() <= longest_shown &&
         text.find_first_not_of(shown_characters) == std::string_view::npos;
}

} // namespace provisiond::settings
