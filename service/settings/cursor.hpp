#pragma once

#include "settings/node.hpp"
#include "settings/problem.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace provisiond::settings {

// More than anybody mends before trying again.
inline constexpr std::size_t maximum_problems = 100;

// What all readers of one file share. Reports beyond the maximum are dropped.
struct Context {
  std::string file;
  bool world_readable = false;       // every user of the machine may read the file
  std::string credentials_directory; // empty: none
  std::vector<Problem> problems{};

  void report(const Mark& at, std::string key, std::string what);
};

// A value that is being read, and how one gets there: "database.sessions". Refers to the tree and
// the context; lives on the stack of its reader.
class Cursor {
 public:
  Cursor(const Node& node, std::string path, Context& context)
      : node_{node}, path_{std::move(path)}, context_{context} {}

  [[nodiscard]] const Node& node() const { return node_; }
  [[nodiscard]] Context& context() const { return context_; }

  // The entry of a map; its path is the key itself when `this` is the whole file.
  [[nodiscard]] Cursor child(const Node& entry) const;
  // The item of a sequence, counted from 0.
  [[nodiscard]] Cursor item(std::size_t index) const;

  void problem(std::string what) const;
  // At the entry `key` of this map, or at the map itself if there is none.
  void problem_at(std::string_view key, std::string what) const;
  // About the key of an entry of this map, whatever its value.
  void problem_with_key(const Node& entry, std::string what) const;
  // "VALUE what", or "the value what" where showing it could show a secret.
  void problem_with_value(std::string_view what) const;

 private:
  [[nodiscard]] std::string path_to(std::string_view key) const;

  const Node& node_;
  std::string path_;
  Context& context_;
};

// True for text that is short and has only what keys, numbers, addresses and durations are made of.
// A password that got into the wrong place in the form of a connection string has more.
[[nodiscard]] bool may_be_shown(std::string_view text);

} // namespace provisiond::settings
