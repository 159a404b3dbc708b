#include "metrics/process.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace provisiond::metrics {
namespace {

constexpr std::string_view stat_after_name =
    " S 1 42 42 0 -1 4194560 2519 0 0 0 700 300 0 0 20 0 5 0 8123 110764032 1024 "
    "18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0";

std::string stat_line(std::string_view name) {
  return "42 (" + std::string{name} + ")" + std::string{stat_after_name};
}

TEST(ProcStat, takes_the_fields_that_proc_5_names) {
  const std::optional<ProcStat> stat = parse_proc_stat(stat_line("loop"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->name, "loop");
  EXPECT_EQ(stat->cpu_ticks, 1'000);
  EXPECT_EQ(stat->resident_pages, 1'024);
}

TEST(ProcStat, a_name_may_hold_spaces_and_parentheses) {
  const std::optional<ProcStat> stat = parse_proc_stat(stat_line("a) S 9 9 (b"));
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->name, "a) S 9 9 (b");
  EXPECT_EQ(stat->cpu_ticks, 1'000);
}

TEST(ProcStat, refuses_what_is_cut_or_not_a_number) {
  const std::string whole = stat_line("loop");
  const std::size_t end_of_resident = whole.find(" 1024 ") + 2;
  for (std::size_t length = 0; length < end_of_resident; ++length)
    EXPECT_FALSE(parse_proc_stat(std::string_view{whole}.substr(0, length))) << length;
  EXPECT_FALSE(parse_proc_stat(") 1 ("));
  std::string words = whole;
  words.replace(words.find("700"), 3, "abc");
  EXPECT_FALSE(parse_proc_stat(words));
}

TEST(TaskOfThread, leaves_the_number_out) {
  EXPECT_EQ(task_of_thread("loop"), "loop");
  EXPECT_EQ(task_of_thread("authenticate-0"), "authenticate");
  EXPECT_EQ(task_of_thread("lookup-12"), "lookup");
  EXPECT_EQ(task_of_thread("civetweb-worker"), "metrics");
  EXPECT_EQ(task_of_thread("change-feed"), "change-feed");
  EXPECT_EQ(task_of_thread("odd-"), "odd-");
  EXPECT_EQ(task_of_thread(""), "");
}

class ReadProcess : public testing::Test {
 protected:
  ReadProcess() {
    std::string pattern = testing::TempDir() + "provisiond-proc-XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  ~ReadProcess() override { std::filesystem::remove_all(root_); }

  void write(const std::string& path, const std::string& text) {
    std::filesystem::create_directories((root_ / path).parent_path());
    std::ofstream{root_ / path} << text << '\n';
  }

  std::filesystem::path root_;
};

TEST_F(ReadProcess, adds_up_the_threads_of_a_task) {
  write("stat", stat_line("wg-provisiond"));
  write("task/42/stat", stat_line("loop"));
  write("task/43/stat", stat_line("authenticate-0"));
  write("task/44/stat", stat_line("authenticate-1"));
  write("task/45/stat", "45 (gone");
  write("fd/0", "");
  write("fd/1", "");
  const ProcessReadings readings = read_process(root_);

  const double tick = 1.0 / static_cast<double>(::sysconf(_SC_CLK_TCK));
  EXPECT_DOUBLE_EQ(readings.cpu_seconds, 1'000 * tick);
  EXPECT_EQ(readings.resident_bytes, 1'024 * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(readings.open_fds, 2);
  ASSERT_EQ(readings.threads.size(), 2);
  EXPECT_EQ(readings.threads[0].name, "authenticate");
  EXPECT_DOUBLE_EQ(readings.threads[0].cpu_seconds, 2'000 * tick);
  EXPECT_EQ(readings.threads[1].name, "loop");
  EXPECT_DOUBLE_EQ(readings.threads[1].cpu_seconds, 1'000 * tick);
}

TEST_F(ReadProcess, zero_where_proc_does_not_tell) {
  const ProcessReadings readings = read_process(root_ / "absent");
  EXPECT_EQ(readings.cpu_seconds, 0);
  EXPECT_EQ(readings.resident_bytes, 0);
  EXPECT_EQ(readings.open_fds, 0);
  EXPECT_TRUE(readings.threads.empty());
}

TEST_F(ReadProcess, finds_this_process) {
  const ProcessReadings readings = read_process();
  EXPECT_GT(readings.resident_bytes, 0);
  EXPECT_GE(readings.open_fds, 3);
  EXPECT_GT(readings.maximum_fds, 0);
  EXPECT_FALSE(readings.threads.empty());
}

} // namespace
} // namespace provisiond::metrics
