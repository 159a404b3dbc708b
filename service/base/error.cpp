#include "base/error.hpp"

#include <fmt/format.h>

#include <system_error>

namespace provisiond {

Error Error::system(std::string_view operation, int code) {
  return Error{fmt::format("{}: {}", operation, std::system_category().message(code)), code};
}

Error Error::while_doing(std::string_view operation) const {
  return Error{fmt::format("{}: {}", operation, message_), code_};
}

} // namespace provisiond
