#include "daemon/notifier.hpp"

#include <sys/socket.h>

#include <cstddef>
#include <cstring>
#include <string_view>

namespace provisiond::daemon {

Notifier::Notifier(const char* address) {
  const std::string_view name{address == nullptr ? "" : address};
  const bool is_known = name.starts_with('/') || name.starts_with('@');
  if (!is_known || name.size() < 2 || name.size() >= sizeof address_.sun_path) return;
  address_.sun_family = AF_UNIX;
  std::memcpy(address_.sun_path, name.data(), name.size());
  address_length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
  if (name.starts_with('@'))
    address_.sun_path[0] = '\0'; // a name in the abstract namespace has no end byte
  else
    ++address_length_;
  socket_ = UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
}

void Notifier::ready() {
  lasting_ = "READY=1\n";
  send();
}

void Notifier::status(const std::string& text) {
  status_ = "STATUS=" + text + "\n";
  if (status_ != told_status_ || !lasting_.empty()) send();
}

void Notifier::stopping() {
  lasting_ = "STOPPING=1\n";
  send();
}

void Notifier::alive() {
  is_alive_ = true;
  send();
}

void Notifier::send() {
  if (!socket_) return;
  const std::string message = lasting_ + status_ + (is_alive_ ? "WATCHDOG=1\n" : "");
  const ssize_t sent =
      ::sendto(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
               reinterpret_cast<const sockaddr*>(&address_), // NOLINT: what sendto(2) wants
               address_length_);
  if (sent < 0) return;
  lasting_.clear();
  told_status_ = status_;
  is_alive_ = false;
}

} // namespace provisiond::daemon
