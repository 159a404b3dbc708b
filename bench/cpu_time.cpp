#include "bench/cpu_time.hpp"

#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace provisiond::bench {

namespace {

namespace fs = std::filesystem;

std::string first_line(const fs::path& path) {
  std::ifstream file{path};
  std::string line;
  std::getline(file, line);
  return line;
}

// The fields of /proc/PID/stat behind the name, which may hold blanks (proc(5), fields 3 on).
struct ProcessStat {
  pid_t parent = 0;
  unsigned long ticks = 0;
};

ProcessStat read_stat(const fs::path& folder) {
  const std::string line = first_line(folder / "stat");
  const std::size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream fields{line.substr(name_end + 1)};
  ProcessStat stat;
  std::string skipped;
  unsigned long user = 0;
  unsigned long system = 0;
  fields >> skipped >> stat.parent;
  for (int field = 5; field < 14; ++field)
    fields >> skipped;
  fields >> user >> system;
  stat.ticks = user + system;
  return stat;
}

} // namespace

Duration thread_cpu() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

Duration threads_cpu(std::string_view prefix) {
  Duration sum{};
  for (const fs::directory_entry& task : fs::directory_iterator{"/proc/self/task"}) {
    if (!first_line(task.path() / "comm").starts_with(prefix)) continue;
    std::istringstream fields{first_line(task.path() / "schedstat")};
    std::int64_t nanoseconds = 0;
    fields >> nanoseconds;
    sum += std::chrono::nanoseconds{nanoseconds};
  }
  return sum;
}

Duration process_cpu(pid_t pid) {
  unsigned long ticks = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator{"/proc"}) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const ProcessStat stat = read_stat(entry.path());
    if (name == std::to_string(pid) || stat.parent == pid) ticks += stat.ticks;
  }
  const double seconds = static_cast<double>(ticks) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>{seconds});
}

} // namespace provisiond::bench
