#include "base/line_writer.hpp"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace provisiond {

LineWriter::LineWriter(int fd, Limits limits, std::string (*lost_line)(std::uint64_t count))
    : fd_{fd}, limits_{limits}, lost_line_{lost_line}, thread_{[this] { run(); }} {}

LineWriter::~LineWriter() {
  {
    const std::lock_guard lock{mutex_};
    is_closed_ = true;
  }
  arrived_.notify_all();
  thread_.join();
}

bool LineWriter::put(std::string line) {
  {
    const std::lock_guard lock{mutex_};
    if (!takes_locked(line.size())) {
      lose_locked(1);
      return false;
    }
    bytes_ += line.size();
    lines_.push_back({std::move(line), std::exchange(lost_new_, 0)});
  }
  arrived_.notify_one();
  return true;
}

bool LineWriter::flush(Duration limit) {
  std::unique_lock lock{mutex_};
  return idle_.wait_for(lock, limit, [this] { return !is_writing_ && !has_work_locked(); });
}

std::uint64_t LineWriter::lost() const {
  const std::lock_guard lock{mutex_};
  return lost_;
}

// Some room at once, not line by line: else a slow reader would find as many lines about lost ones
// as others.
bool LineWriter::takes_locked(std::size_t bytes) {
  if (is_refusing_ && bytes_ > limits_.capacity_bytes / 2) return false;
  const bool is_stuck = is_writing_ && Clock::now() - write_began_ > limits_.patience;
  is_refusing_ = bytes_ + bytes > limits_.capacity_bytes;
  return !is_refusing_ && !is_stuck;
}

void LineWriter::lose_locked(std::uint64_t count) {
  lost_ += count;
  lost_new_ += count;
}

bool LineWriter::has_work_locked() const {
  return !lines_.empty() || (lost_new_ > 0 && !has_failed_);
}

void LineWriter::run() {
  pthread_setname_np(pthread_self(), "log");
  std::unique_lock lock{mutex_};
  for (;;) {
    arrived_.wait(lock, [this] { return is_closed_ || has_work_locked(); });
    if (is_closed_) return;
    if (lines_.empty()) {
      tell_lost(lock, std::exchange(lost_new_, 0));
    } else {
      const Line line = std::move(lines_.front());
      lines_.pop_front();
      if (line.lost_before > 0) tell_lost(lock, line.lost_before);
      if (!write_unlocked(lock, line.text)) lose_locked(1);
      bytes_ -= line.text.size();
    }
    if (!has_work_locked()) idle_.notify_all();
  }
}

// What could not be told is told with the next ones.
void LineWriter::tell_lost(std::unique_lock<std::mutex>& lock, std::uint64_t count) {
  if (!write_unlocked(lock, lost_line_(count))) lost_new_ += count;
}

bool LineWriter::write_unlocked(std::unique_lock<std::mutex>& lock, const std::string& text) {
  is_writing_ = true;
  write_began_ = Clock::now();
  lock.unlock();
  const bool is_written = write_whole(text);
  lock.lock();
  is_writing_ = false;
  has_failed_ = !is_written;
  return is_written;
}

// Another process may have set O_NONBLOCK on the open file: then this thread waits with poll(2).
bool LineWriter::write_whole(const std::string& text) {
  const std::string line = is_torn_ ? '\n' + text : text;
  std::string_view rest{line};
  while (!rest.empty()) {
    const ssize_t written = ::write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
      is_torn_ = !rest.empty();
    } else if (errno == EAGAIN) {
      pollfd writable{.fd = fd_, .events = POLLOUT, .revents = 0};
      ::poll(&writable, 1, -1);
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

} // namespace provisiond
