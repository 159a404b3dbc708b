#include "kernel/poll_together.hpp"

#include <sys/epoll.h>

#include <cerrno>

namespace provisiond::kernel {

Result<UniqueFd> poll_together(std::span<const int> fds) {
  UniqueFd ready{::epoll_create1(EPOLL_CLOEXEC)};
  if (!ready) return fail(Error::system("make an epoll", errno));
  for (const int fd : fds) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(ready.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return fail(Error::system("add a socket to an epoll", errno));
    }
  }
  return ready;
}

} // namespace provisiond::kernel
