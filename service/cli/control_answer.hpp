#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace provisiond::cli {

// Reads the daemon's answer to one request as it comes, in pieces of any size. Whatever the bytes:
// each line that is handed on is a JSON object of the depth that the daemon's have, and a line that
// is none, or longer than `longest_line`, ends the answer with an error. No I/O.
class ControlAnswer {
 public:
  static constexpr std::size_t longest_line = 1'048'576;
  using TakeLine = std::function<void(std::string_view line)>;

  // How the answer ended; nothing while it goes on. Each line goes to `take_line`, the last one
  // excepted. Not to be called after the end. An error that the daemon tells has the code that
  // options.hpp makes an exit status of.
  std::optional<Status> hear(std::string_view bytes, const TakeLine& take_line);

 private:
  std::string waiting_; // the beginning of a line
};

} // namespace provisiond::cli
