#pragma once

#include "settings/problem.hpp"
#include "settings/settings.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace provisiond::settings {

// Valid settings, or everything that is wrong (at most 100 problems) in the order of the file.
using Loaded = std::variant<Settings, std::vector<Problem>>;

// Reads a configuration file (YAML, one document, at most 256 KiB) and the connection string that
// it may point to: `database.dsn-file`, or `database.dsn-credential` in $CREDENTIALS_DIRECTORY. A
// file that holds a password and that every user may read is a problem.
//
// Strict: what is not understood is a problem, never skipped. Whatever the bytes, it neither throws
// nor needs more memory than a small multiple of the file. For the main thread, before others
// start.
[[nodiscard]] Loaded load_file(const std::string& path);

// The same for text at hand; `file_name` is only for the problems.
[[nodiscard]] Loaded parse(std::string_view yaml, std::string_view file_name);

} // namespace provisiond::settings
