#include "base/log.hpp"

#include "base/line_writer.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/stat.h>
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

// What stands before the line: sd-daemon(3)'s priority prefix when the journal reads standard
// error, else time and level.
std::string prefix_of(Level level) {
  static const bool is_journal = is_journal_stream(std::getenv("JOURNAL_STREAM"),
                                                   STDERR_FILENO); // NOLINT(concurrency-mt-unsafe)
  constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
  constexpr std::array<int, 4> priorities{7, 6, 4, 3};
  const std::size_t index = static_cast<std::size_t>(level);
  if (is_journal) return fmt::format("<{}>", priorities[index]);
  const std::chrono::system_clock::time_point now = std::chrono::system_clock::now();
  const std::chrono::time_point seconds = std::chrono::floor<std::chrono::seconds>(now);
  const std::chrono::microseconds fraction =
      std::chrono::duration_cast<std::chrono::microseconds>(now - seconds);
  return fmt::format("{:%FT%T}.{:06}Z {} ", seconds, fraction.count(), names[index]);
}

std::string lost_line(std::uint64_t count) {
  return prefix_of(Level::warning) + fmt::format("{} log lines lost\n", count);
}

// Made with the first line and never destroyed: its thread may hang in a write when the process
// ends, and whoever ends last may still log.
LineWriter& writer() {
  static LineWriter* const only = new LineWriter{STDERR_FILENO, {}, lost_line};
  return *only;
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
  writer().put(prefix_of(level) + format_line(event, fields) + '\n');
}

std::uint64_t lines_lost() {
  return writer().lost();
}

void flush() {
  writer().flush(std::chrono::seconds{1});
}

bool is_journal_stream(const char* journal_stream, int fd) {
  if (journal_stream == nullptr) return false;
  struct stat file {};
  if (::fstat(fd, &file) != 0) return false;
  return fmt::format("{}:{}", file.st_dev, file.st_ino) == journal_stream;
}

} // namespace provisiond::log
