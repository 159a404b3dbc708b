#pragma once

#include <string>
#include <string_view>

namespace provisiond {

// What went wrong, as one sentence for the log: the operation and its subject first, the cause last
// ("configure wg0: set peer: Operation not permitted"). `code` is an errno value, or 0 when the
// cause is not a system call. Callers add their own words on the way up with `while_doing`.
class Error {
 public:
  explicit Error(std::string message, int code = 0) : message_{std::move(message)}, code_{code} {}

  // An error from a system call; appends the text of `code` (an errno value).
  static Error system(std::string_view operation, int code);

  [[nodiscard]] const std::string& message() const { return message_; }
  [[nodiscard]] int code() const { return code_; }

  // Prefixes "operation: ", keeping the code.
  [[nodiscard]] Error while_doing(std::string_view operation) const;

 private:
  std::string message_;
  int code_;
};

} // namespace provisiond
