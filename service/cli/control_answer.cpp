#include "cli/control_answer.hpp"

#include "cli/json_shape.hpp"

#include <nlohmann/json.hpp>

#include <cerrno>

namespace provisiond::cli {
namespace {

using nlohmann::json;

int code_of(const std::string& word) {
  if (word == "usage") return EINVAL;
  if (word == "refused") return EPERM;
  if (word == "not_found") return ENOENT;
  return ENOTCONN; // busy: worth trying again
}

// The daemon's lines have objects in an array in an object, and nothing deeper.
constexpr int deepest_line = 3;

std::string word_of(const json& object, const char* key, const char* otherwise) {
  const json::const_iterator found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : otherwise;
}

Error not_understood() {
  return Error{"the daemon's answer is not understood"};
}

// Whether the line is the last one, and how it ends.
std::optional<Status> end_of(std::string_view line) {
  if (!is_json(line, deepest_line)) return fail(not_understood());
  const json value = json::parse(line.begin(), line.end());
  if (!value.is_object()) return fail(not_understood());
  if (value.contains("done")) return Status{};
  if (!value.contains("error")) return std::nullopt;
  return fail(Error{word_of(value, "error", "unknown error"), code_of(word_of(value, "code", ""))});
}

} // namespace

std::optional<Status> ControlAnswer::hear(std::string_view bytes, const TakeLine& take_line) {
  waiting_ += bytes;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = waiting_.find('\n', begin)) != std::string::npos;
       begin = end + 1) {
    const std::string_view line = std::string_view{waiting_}.substr(begin, end - begin);
    const std::optional<Status> status = end_of(line);
    if (status) return status;
    take_line(line);
  }
  waiting_.erase(0, begin);
  if (waiting_.size() >= longest_line) return fail(not_understood());
  return std::nullopt;
}

} // namespace provisiond::cli
