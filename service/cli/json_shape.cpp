#include "cli/json_shape.hpp"

#include <nlohmann/json.hpp>

namespace provisiond::cli {

using nlohmann::json;

bool is_json(std::string_view text, int most_levels) {
  // The parser takes a zero byte for the end, whatever follows it.
  if (text.find('\0') != std::string_view::npos) return false;
  bool is_deep = false;
  // What is refused is not built.
  const json::parser_callback_t look = [&](int depth, json::parse_event_t event, json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    is_deep = is_deep || (opens && depth >= most_levels);
    return !is_deep;
  };
  const json value = json::parse(text.begin(), text.end(), look, false);
  return !is_deep && !value.is_discarded();
}

} // namespace provisiond::cli
