#include "base/log.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>

namespace provisiond::log {

namespace {

std::atomic<Level> threshold{Level::info};

bool is_plain(char c) {
  const bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  return is_word || std::string_view{"-_.:/+=[],@%"}.find(c) != std::string_view::npos;
}

void append_value(std::string& line, std::string_view value) {
  if (!value.empty() && std::all_of(value.begin(), value.end(), is_plain)) {
    line += value;
    return;
  }
  line += '"';
  for (const char c : value) {
    const unsigned char byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      line += {'\\', c};
    else if (byte < 0x20 || byte == 0x7f)
      line += fmt::format("\\x{:02x}", byte);
    else
      line += c;
  }
  line += '"';
}

// What stands before the line: sd-daemon(3)'s priority prefix when systemd reads standard error,
// else time and level.
std::string prefix_of(Level level) {
  static const bool under_systemd =
      std::getenv("JOURNAL_STREAM") != nullptr; // NOLINT(concurrency-mt-unsafe)
  constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
  constexpr std::array<int, 4> priorities{7, 6, 4, 3};
  const std::size_t index = static_cast<std::size_t>(level);
  if (under_systemd) return fmt::format("<{}>", priorities[index]);
  const std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  const std::chrono::time_point seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::chrono::microseconds fraction =
      std::chrono::duration_cast<std::chrono::microseconds>(now - seconds);
  return fmt::format("{:%FT%T}.{:06}Z {} ", seconds, fraction.count(), names[index]);
}

} // namespace

void set_level(Level level) {
  threshold = level;
}

bool is_enabled(Level level) {
  return level >= threshold.load(std::memory_order_relaxed);
}

std::string format_line(std::string_view event, std::initializer_list<Field> fields) {
  std::string line{event};
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    append_value(line, field.value);
  }
  return line;
}

void write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (!is_enabled(level)) return;
  const std::string line = prefix_of(level) + format_line(event, fields) + '\n';
  // One write(2), so that lines of several threads do not mix. There is nobody to tell if it fails.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace provisiond::log
