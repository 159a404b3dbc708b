#include "settings/load.hpp"

#include "settings/file.hpp"
#include "settings/keys.hpp"
#include "settings/tree.hpp"

#include <algorithm>
#include <cstdlib>
#include <tuple>
#include <utility>

namespace provisiond::settings {
namespace {

Loaded read(std::string_view yaml, Context& context) {
  const Tree tree = parse_tree(yaml);
  for (const Tree::Fault& fault : tree.faults)
    context.report(fault.at, "", fault.what);
  Settings settings;
  if (tree.complete) read_settings(Cursor{tree.root, "", context}, settings);
  if (context.problems.empty()) return settings;
  std::stable_sort(context.problems.begin(), context.problems.end(),
                   [](const Problem& one, const Problem& other) {
                     return std::tie(one.line, one.column) < std::tie(other.line, other.column);
                   });
  return std::move(context.problems);
}

Context context_of(std::string_view file_name) {
  // The main thread reads it before there are others.
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY"); // NOLINT(concurrency-mt-unsafe)
  return Context{.file = std::string{file_name},
                 .credentials_directory = credentials != nullptr ? credentials : ""};
}

} // namespace

Loaded parse(std::string_view yaml, std::string_view file_name) {
  Context context = context_of(file_name);
  return read(yaml, context);
}

Loaded load_file(const std::string& path) {
  Context context = context_of(path);
  const Result<SmallFile> file = read_small_file(path, maximum_file_size);
  if (!file) {
    Problem problem{.file = path, .key = "", .what = file.error().message()};
    problem.what += "; check the name and who may read it";
    return std::vector<Problem>{std::move(problem)};
  }
  context.world_readable = file->world_readable;
  return read(file->text, context);
}

} // namespace provisiond::settings
