#pragma once

#include "base/clock.hpp"

#include <functional>
#include <memory>

namespace provisiond::daemon {

// The loop of the main thread: calls back when a descriptor is readable, when a time has come, or
// when a signal arrives. One callback at a time, none of them after `run` has returned. Descriptors
// stay their owners' and must live until `forget` or the end of the loop. All functions belong to
// the loop's thread.
//
// A turn is what the loop does between two looks at what has arrived: the callbacks that were due
// together. What arrives meanwhile waits that long.
class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Calls `callback` whenever `fd` is readable, again and again until `forget`.
  void on_readable(int fd, std::function<void()> callback);
  void forget(int fd);

  // Calls `callback` once, `delay` from now; it may call `after` again.
  void after(Duration delay, std::function<void()> callback);

  // Calls `callback` at each SIGTERM and SIGINT.
  void on_termination(const std::function<void()>& callback);

  // Calls `callback` at each SIGHUP.
  void on_hangup(const std::function<void()>& callback);

  // Calls `callback` at the end of each turn with how long it took; the callback is no part of it.
  void on_turn(std::function<void(Duration)> callback);

  // Returns after `stop`.
  void run();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

} // namespace provisiond::daemon
