#include "metrics/process.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <system_error>

namespace provisiond::metrics {
namespace {

// Positions in a stat line, counted from the field after the name, which is field 3 of proc(5).
constexpr std::size_t user_ticks_field = 14 - 3;
constexpr std::size_t system_ticks_field = 15 - 3;
constexpr std::size_t resident_field = 24 - 3;

std::optional<std::uint64_t> nth_number(std::string_view text, std::size_t wanted) {
  for (std::size_t field = 0; field < wanted; ++field) {
    const std::size_t space = text.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    text.remove_prefix(space + 1);
  }
  std::uint64_t number = 0;
  const std::from_chars_result parsed =
      std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc{}) return std::nullopt;
  return number;
}

std::optional<ProcStat> read_proc_stat(const std::filesystem::path& path) {
  std::ifstream file{path};
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  return parse_proc_stat(line);
}

double to_seconds(std::uint64_t ticks) {
  return static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

using Entries = std::vector<std::filesystem::path>;

// Empty when the directory cannot be read. Entries that vanish meanwhile end the list early.
Entries entries_of(const std::filesystem::path& directory) {
  Entries entries;
  std::error_code error;
  std::filesystem::directory_iterator entry{directory, error};
  while (!error && entry != std::filesystem::directory_iterator{}) {
    entries.push_back(entry->path());
    entry.increment(error);
  }
  return entries;
}

std::vector<ThreadCpu> read_threads(const std::filesystem::path& tasks) {
  std::map<std::string, double> seconds_of;
  for (const std::filesystem::path& task : entries_of(tasks)) {
    const std::optional<ProcStat> stat = read_proc_stat(task / "stat");
    if (stat) seconds_of[task_of_thread(stat->name)] += to_seconds(stat->cpu_ticks);
  }
  std::vector<ThreadCpu> threads;
  threads.reserve(seconds_of.size());
  for (const std::pair<const std::string, double>& task : seconds_of)
    threads.push_back(ThreadCpu{task.first, task.second});
  return threads;
}

} // namespace

std::optional<ProcStat> parse_proc_stat(std::string_view line) {
  // The name may hold spaces and parentheses: it ends at the last one.
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open)
    return std::nullopt;
  const std::string_view fields = line.substr(close + 2);
  const std::optional<std::uint64_t> user = nth_number(fields, user_ticks_field);
  const std::optional<std::uint64_t> system = nth_number(fields, system_ticks_field);
  const std::optional<std::uint64_t> resident = nth_number(fields, resident_field);
  if (!user || !system || !resident) return std::nullopt;
  return ProcStat{std::string{line.substr(open + 1, close - open - 1)}, *user + *system, *resident};
}

std::string task_of_thread(std::string_view thread_name) {
  if (thread_name.starts_with("civetweb")) return "metrics";
  const std::size_t dash = thread_name.rfind('-');
  if (dash == std::string_view::npos || dash + 1 == thread_name.size())
    return std::string{thread_name};
  const std::string_view number = thread_name.substr(dash + 1);
  if (number.find_first_not_of("0123456789") != std::string_view::npos)
    return std::string{thread_name};
  return std::string{thread_name.substr(0, dash)};
}

ProcessReadings read_process(const std::string& directory) {
  const std::filesystem::path root{directory};
  ProcessReadings readings;
  if (const std::optional<ProcStat> stat = read_proc_stat(root / "stat")) {
    readings.cpu_seconds = to_seconds(stat->cpu_ticks);
    readings.resident_bytes =
        stat->resident_pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  }
  readings.open_fds = entries_of(root / "fd").size();
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) readings.maximum_fds = limit.rlim_cur;
  readings.threads = read_threads(root / "task");
  return readings;
}

} // namespace provisiond::metrics
