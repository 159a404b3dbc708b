#include "settings/problem.hpp"

#include <fmt/format.h>

namespace provisiond::settings {

std::string Problem::to_string() const {
  std::string text = file;
  if (line > 0) text += fmt::format(":{}:{}", line, column);
  if (!key.empty()) text += ": " + key;
  return text + ": " + what;
}

} // namespace provisiond::settings
