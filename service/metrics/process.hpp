#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace provisiond::metrics {

// Processor time of the threads that share a task: "authenticate" for authenticate-0,
// authenticate-1 and so on.
struct ThreadCpu {
  std::string name;
  double cpu_seconds = 0;
};

// What the kernel says about this process. Zero, or no threads, where /proc does not tell.
struct ProcessReadings {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t maximum_fds = 0;
  std::vector<ThreadCpu> threads; // by name, each name once
};

// The fields of a /proc stat file that we use (proc(5)). nullopt when the line is cut or no number
// stands where one must.
struct ProcStat {
  std::string name;
  std::uint64_t cpu_ticks = 0; // user and system
  std::uint64_t resident_pages = 0;
};
std::optional<ProcStat> parse_proc_stat(std::string_view line);

// "authenticate-3" -> "authenticate"; the threads of the web server -> "metrics".
std::string task_of_thread(std::string_view thread_name);

// Reads `directory` (of the form of /proc/self) and the limits of this process. Some ten system
// calls and three for each thread; for the scrape only.
ProcessReadings read_process(const std::string& directory = "/proc/self");

} // namespace provisiond::metrics
