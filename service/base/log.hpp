#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace provisiond::log {

enum class Level : std::uint8_t { debug, info, warning, error };

struct Field {
  std::string_view name;
  std::string value;
};

// Lines below `level` are not written. Call once, at start.
void set_level(Level level);
bool is_enabled(Level level);

// One line to standard error: `event name=value name="value with blanks"`. Where the journal reads
// it, its priority prefix replaces time and level. Values are escaped, so that nothing that came
// from outside can start a line of its own. Never waits for the reader, see LineWriter. Any thread.
void write(Level level, std::string_view event, std::initializer_list<Field> fields = {});

inline void debug(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::debug, event, fields);
}
inline void info(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::info, event, fields);
}
inline void warning(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::warning, event, fields);
}
inline void error(std::string_view event, std::initializer_list<Field> fields = {}) {
  write(Level::error, event, fields);
}

// Lines that were not written since the start, because nobody read or the file took no more.
std::uint64_t lines_lost();

// Lets the lines that were written so far reach standard error; a reader that hangs is given a
// second. For the end of the process.
void flush();

// Whether `fd` is the stream that systemd means by JOURNAL_STREAM, "device:inode"
// (systemd.exec(5)). Else the variable was inherited, and standard error goes somewhere else.
bool is_journal_stream(const char* journal_stream, int fd);

// "event name=value ...", without time and level; what `write` writes.
std::string format_line(std::string_view event, std::initializer_list<Field> fields);

} // namespace provisiond::log
