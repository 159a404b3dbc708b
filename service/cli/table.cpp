#include "cli/table.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace provisiond::cli {
namespace {

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80U;
}

std::size_t length_announced_by(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first < 0xe0) return 2;
  if (first >= 0xe0 && first < 0xf0) return 3;
  if (first >= 0xf0 && first < 0xf5) return 4;
  return 0;
}

// The second byte of a character can be any continuation, except behind these: other ones would
// make a shorter character longer, half of a UTF-16 pair, or a number beyond the last.
bool can_follow(unsigned char first, unsigned char second) {
  if (first == 0xe0) return second >= 0xa0;
  if (first == 0xed) return second < 0xa0;
  if (first == 0xf0) return second >= 0x90;
  if (first == 0xf4) return second < 0x90;
  return true;
}

// The bytes of the visible character that `text` begins with; 0 when it begins with none.
std::size_t visible_length(std::string_view text) {
  const unsigned char first = static_cast<unsigned char>(text.front());
  const std::size_t length = length_announced_by(first);
  if (length == 0 || length > text.size() || first < 0x20 || first == 0x7f) return 0;
  if (!std::all_of(text.begin() + 1, text.begin() + static_cast<std::ptrdiff_t>(length),
                   is_continuation))
    return 0;
  if (length > 1 && !can_follow(first, static_cast<unsigned char>(text[1]))) return 0;
  // U+0080 to U+009F, and the marks that turn the direction of writing or hide it: U+200B to
  // U+200F, U+2028 to U+202E, U+2066 to U+2069.
  const unsigned char last = static_cast<unsigned char>(text[length - 1]);
  if (first == 0xc2 && last < 0xa0) return 0;
  if (text.starts_with("\xe2\x80") &&
      ((last >= 0x8b && last <= 0x8f) || (last >= 0xa8 && last <= 0xae)))
    return 0;
  if (text.starts_with("\xe2\x81") && last >= 0xa6 && last <= 0xa9) return 0;
  return length;
}

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

void append_line(std::string& table, const std::vector<std::string>& cells,
                 const std::vector<std::size_t>& widths) {
  for (std::size_t i = 0; i < cells.size(); ++i) {
    table += cells[i];
    table.append(widths[i] - width_of(cells[i]) + 2, ' ');
  }
  table.erase(table.find_last_not_of(' ') + 1);
  table += '\n';
}

} // namespace

std::string printable(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t length = visible_length(text);
    if (length == 0)
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(text.front()));
    else
      shown += text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return shown;
}

std::string draw_table(const std::vector<std::string>& titles,
                       const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::vector<std::string>> lines{titles};
  lines.insert(lines.end(), rows.begin(), rows.end());
  std::vector<std::size_t> widths(titles.size(), 0);
  for (std::vector<std::string>& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i] = printable(line[i]);
      widths[i] = std::max(widths[i], width_of(line[i]));
    }
  }
  std::string table;
  for (const std::vector<std::string>& line : lines)
    append_line(table, line, widths);
  return table;
}

} // namespace provisiond::cli
