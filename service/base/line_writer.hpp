#pragma once

#include "base/clock.hpp"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

namespace provisiond {

// Writes lines to a descriptor that others read and share, so that nobody waits for a reader but a
// thread of its own. `put` never blocks: a line is lost, and counted, when the queue is full, or
// when the line under way has taken longer than `patience`. Afterwards the reader finds a line that
// says how many were lost, at their place.
//
// Works for pipes, terminals, sockets and files alike, because the descriptor stays as it is:
// O_NONBLOCK would belong to the open file, which other processes share. Lines stay whole and in
// order, one write(2) each where the kernel takes them at once. Memory: at most `capacity_bytes`
// and one line.
class LineWriter {
 public:
  struct Limits {
    std::size_t capacity_bytes = 1024 * 1024;
    Duration patience = std::chrono::seconds{1};
  };
  // `lost_line` makes the line that tells of lost ones. `fd` stays its owner's.
  LineWriter(int fd, Limits limits, std::string (*lost_line)(std::uint64_t count));
  // Waits for the write under way; what is queued then is not written.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // `line` ends with its newline. False when it is lost. Any thread.
  bool put(std::string line);

  // Waits until everything is written, `limit` at most. False when something is left.
  bool flush(Duration limit);

  // Lines that no reader will see: no room, a reader that hangs, or an error of the descriptor.
  [[nodiscard]] std::uint64_t lost() const;

 private:
  struct Line {
    std::string text;
    std::uint64_t lost_before = 0;
  };

  void run();
  void tell_lost(std::unique_lock<std::mutex>& lock, std::uint64_t count);
  bool write_unlocked(std::unique_lock<std::mutex>& lock, const std::string& text);
  bool write_whole(const std::string& text);
  void lose_locked(std::uint64_t count);
  [[nodiscard]] bool has_work_locked() const;
  [[nodiscard]] bool takes_locked(std::size_t bytes);

  const int fd_;
  const Limits limits_;
  std::string (*const lost_line_)(std::uint64_t count);
  bool is_torn_ = false; // the thread's own: a line ended before its newline

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::condition_variable idle_;
  std::deque<Line> lines_;
  std::size_t bytes_ = 0;
  TimePoint write_began_{};
  bool is_writing_ = false;
  bool is_refusing_ = false;   // after a loss, until half of the queue is free
  bool has_failed_ = false;    // the last write: the next line is the next try
  std::uint64_t lost_ = 0;     // since the start
  std::uint64_t lost_new_ = 0; // of these, not told of and not in front of a line
  bool is_closed_ = false;
  std::thread thread_;
};

} // namespace provisiond
