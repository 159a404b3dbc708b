#pragma once

#include "base/unique_fd.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace provisiond {

// A bounded, closable queue between threads. Any thread may push; a full channel refuses, and the
// pusher counts the loss. Receivers either block in `take` (worker threads) or watch `ready_fd` and
// call `drain` (the loop). Takers get everything that waits, up to a limit, so that batches form by
// themselves under load.
//
// Memory: at most `capacity` values. After `close`, pushes are refused and `take` returns what is
// left, then an empty vector.
template <class T>
class Channel {
 public:
  explicit Channel(std::size_t capacity)
      : capacity_{capacity}, ready_{::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)} {}

  // False when full or closed; `value` is then untouched.
  [[nodiscard]] bool push(T&& value) {
    bool was_empty = false;
    {
      const std::lock_guard lock{mutex_};
      if (closed_ || values_.size() >= capacity_) return false;
      was_empty = values_.empty();
      values_.push_back(std::move(value));
    }
    arrived_.notify_one();
    if (was_empty) signal();
    return true;
  }

  // Blocks until something waits, the channel is closed or `interrupt` is called; takes at most
  // `limit` values.
  std::vector<T> take(std::size_t limit) {
    std::unique_lock lock{mutex_};
    const std::uint64_t interrupts = interrupts_;
    arrived_.wait(lock, [this, interrupts] {
      return closed_ || !values_.empty() || interrupts_ != interrupts;
    });
    return take_locked(limit);
  }

  // Never blocks; clears the readiness of `ready_fd` and sets it again if values stay behind.
  std::vector<T> drain(std::size_t limit) {
    std::uint64_t ignored = 0;
    [[maybe_unused]] const ssize_t cleared = ::read(ready_.get(), &ignored, sizeof ignored);
    const std::lock_guard lock{mutex_};
    std::vector<T> taken = take_locked(limit);
    if (!values_.empty()) signal();
    return taken;
  }

  void close() {
    {
      const std::lock_guard lock{mutex_};
      closed_ = true;
    }
    arrived_.notify_all();
    signal();
  }

  // Lets every blocked `take` return empty-handed once, for takers that have to look at something
  // else than the channel.
  void interrupt() {
    {
      const std::lock_guard lock{mutex_};
      ++interrupts_;
    }
    arrived_.notify_all();
  }

  [[nodiscard]] bool closed() const {
    const std::lock_guard lock{mutex_};
    return closed_;
  }

  // Readable while values wait; for the loop's poll. Owned by the channel.
  [[nodiscard]] int ready_fd() const { return ready_.get(); }
  [[nodiscard]] std::size_t size() const {
    const std::lock_guard lock{mutex_};
    return values_.size();
  }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  void signal() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = ::write(ready_.get(), &one, sizeof one);
  }

  std::vector<T> take_locked(std::size_t limit) {
    std::vector<T> taken;
    while (!values_.empty() && taken.size() < limit) {
      taken.push_back(std::move(values_.front()));
      values_.pop_front();
    }
    return taken;
  }

  const std::size_t capacity_;
  UniqueFd ready_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<T> values_;
  bool closed_ = false;
  std::uint64_t interrupts_ = 0;
};

} // namespace provisiond
