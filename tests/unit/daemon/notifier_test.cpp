#include "daemon/notifier.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <string>

namespace provisiond::daemon {
namespace {

// The service manager's end, under an abstract name of this process.
class Manager {
 public:
  Manager() : name_{fmt::format("@wg-provisiond-test-{}", ::getpid())} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name_.data(), name_.size());
    address.sun_path[0] = '\0';
    socket_ = UniqueFd{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    const socklen_t length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    if (::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length) != 0)
      std::abort();
  }
  [[nodiscard]] const char* name() const { return name_.c_str(); }
  // The next message; empty when there is none.
  [[nodiscard]] std::string heard() const {
    std::array<char, 1024> buffer{};
    const ssize_t got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    return got < 0 ? std::string{} : std::string{buffer.data(), static_cast<std::size_t>(got)};
  }

 private:
  std::string name_;
  UniqueFd socket_;
};

TEST(Notifier, SaysWhatSystemdUnderstands) {
  const Manager manager;
  Notifier notifier{manager.name()};
  notifier.status("1 of 1");
  EXPECT_EQ(manager.heard(), "STATUS=1 of 1\n");
  notifier.ready();
  EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=1 of 1\n");
  notifier.alive();
  EXPECT_EQ(manager.heard(), "STATUS=1 of 1\nWATCHDOG=1\n");
  notifier.stopping();
  EXPECT_EQ(manager.heard(), "STOPPING=1\nSTATUS=1 of 1\n");
}

TEST(Notifier, AManagerThatDoesNotReadStopsNobodyAndMissesNothingThatLasts) {
  const Manager manager;
  Notifier notifier{manager.name()};
  for (int i = 0; i < 2000; ++i) // more than net.unix.max_dgram_qlen
    notifier.alive();
  notifier.ready();
  notifier.status("later");
  std::string last;
  for (std::string heard = manager.heard(); !heard.empty(); heard = manager.heard())
    last = heard;
  EXPECT_EQ(last, "WATCHDOG=1\n") << "the rest found no room";
  notifier.alive();
  EXPECT_EQ(manager.heard(), "READY=1\nSTATUS=later\nWATCHDOG=1\n");
}

TEST(Notifier, WithoutAManagerNothingHappens) {
  for (const char* address : {static_cast<const char*>(nullptr), "", "vsock:2:1", "@"}) {
    Notifier notifier{address};
    notifier.ready();
    notifier.stopping();
  }
}

} // namespace
} // namespace provisiond::daemon
