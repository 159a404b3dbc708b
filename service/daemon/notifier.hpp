#pragma once

#include "base/unique_fd.hpp"

#include <sys/un.h>

#include <string>

namespace provisiond::daemon {

// Tells the service manager how the daemon is (sd_notify(3)). Never waits: a manager that does not
// read would stop the loop. What it does not take at once is said again with the next message, so
// "ready" is never lost; of several states the last one is said. The loop's thread.
class Notifier {
 public:
  // `address` is NOTIFY_SOCKET's value: a path, or `@` and a name; null or anything else: nobody
  // is told.
  explicit Notifier(const char* address);

  void ready();
  void status(const std::string& text);
  void stopping();
  void alive();

 private:
  void send();

  sockaddr_un address_{};
  socklen_t address_length_ = 0;
  UniqueFd socket_;     // none when nobody is told
  std::string lasting_; // "READY=1", "STOPPING=1": until the manager has it
  std::string status_;
  std::string told_status_;
  bool is_alive_ = false;
};

} // namespace provisiond::daemon
