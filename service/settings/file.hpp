#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <string>

namespace provisiond::settings {

struct SmallFile {
  std::string text;
  bool world_readable = false;
};

// The whole of a regular file that is no larger than `maximum` bytes. The error names the cause,
// not the path: the path may be a connection string that got into the wrong place.
[[nodiscard]] Result<SmallFile> read_small_file(const std::string& path, std::size_t maximum);

} // namespace provisiond::settings
