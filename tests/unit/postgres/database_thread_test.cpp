#include "base/unique_fd.hpp"
#include "postgres/database_thread.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace provisiond::postgres {
namespace {

using namespace std::chrono_literals;
using Next = DatabaseThread::Next;

// A server that takes connections and says nothing: its socket listens, and is never read.
class SilentServer {
 public:
  SilentServer() {
    std::string name = testing::TempDir() + "silent.XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    directory_ = name;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (name + "/.s.PGSQL.5432").copy(address.sun_path, sizeof address.sun_path - 1);
    socket_ = UniqueFd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
              0);
    EXPECT_EQ(::listen(socket_.get(), 8), 0);
  }
  ~SilentServer() { std::filesystem::remove_all(directory_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  [[nodiscard]] const std::string& directory() const { return directory_; }

 private:
  std::string directory_;
  UniqueFd socket_;
};

class Threads : public testing::Test {
 protected:
  // Three hosts, none of which answers, and five seconds for each.
  Threads()
      : route_{.first = SecretString{fmt::format("host={},{},{} port=5432 user=u dbname=d "
                                                 "connect_timeout=5",
                                                 servers_[0].directory(), servers_[1].directory(),
                                                 servers_[2].directory())},
               .fallback = {}} {}

  static DatabaseThread::Setup setup(const char* name) {
    return {.name = name, .query_deadline = 2s, .pause_minimum = 1h, .pause_maximum = 1h};
  }

  // Connects once, then pauses.
  Next connect(DatabaseThread& thread) {
    is_connecting_ = true;
    const Result<std::unique_ptr<Connection>> connection = thread.connect(route_);
    EXPECT_FALSE(connection);
    thread.pause_after_failure();
    return Next::pause;
  }

  std::array<SilentServer, 3> servers_;
  Route route_;
  std::atomic<bool> is_connecting_ = false;
};

TEST_F(Threads, AnAttemptToConnectEndsWhenToldToStop) {
  const TimePoint began_at = Clock::now();
  {
    DatabaseThread thread{setup("first")};
    DatabaseThread other{setup("second")};
    ASSERT_TRUE(thread.start({.stretch = [&] { return connect(thread); }}));
    ASSERT_TRUE(other.start({.stretch = [&] { return connect(other); }}));
    while (!is_connecting_)
      std::this_thread::yield();
  }
  EXPECT_LT(Clock::now() - began_at, 2s);
}

TEST_F(Threads, WhatTheSecondPlaceConnectsToEndsAsWell) {
  const TimePoint began_at = Clock::now();
  {
    DatabaseThread thread{setup("first")};
    ASSERT_TRUE(thread.start({.stretch = [&] {
      is_connecting_ = true;
      EXPECT_FALSE(thread.connect(route_, 1));
      return Next::end;
    }}));
    while (!is_connecting_)
      std::this_thread::yield();
  }
  EXPECT_LT(Clock::now() - began_at, 2s);
}

TEST_F(Threads, ToldToFinishOneMayGoOnAndIsCutWhenToldToStop) {
  DatabaseThread thread{setup("first")};
  ASSERT_TRUE(thread.start({.stretch = [&] { return connect(thread); }}));
  while (!is_connecting_)
    std::this_thread::yield();
  thread.finish();
  EXPECT_TRUE(thread.is_stopping());
  EXPECT_FALSE(thread.ends_within(50ms));
  thread.stop();
  EXPECT_TRUE(thread.ends_within(2s));
}

TEST_F(Threads, APauseEndsWhenToldToFinishAndTheEndIsWorkedThrough) {
  std::atomic<int> stretches = 0;
  std::atomic<bool> has_ended = false;
  DatabaseThread thread{setup("first")};
  const auto stretch = [&] {
    ++stretches;
    thread.pause_for(1h);
    return Next::pause;
  };
  ASSERT_TRUE(thread.start({.stretch = stretch, .end = [&] { has_ended = true; }}));
  thread.finish();
  EXPECT_TRUE(thread.ends_within(2s));
  EXPECT_TRUE(has_ended);
  EXPECT_EQ(stretches, 1);
}

TEST_F(Threads, TheHostThatDoesNotAnswerIsNamed) {
  DatabaseThread thread{setup("first")};
  const Route route{.first = SecretString{fmt::format("host={} user=u dbname=d connect_timeout=1",
                                                      servers_[0].directory())},
                    .fallback = {}};
  const Result<std::unique_ptr<Connection>> connection = thread.connect(route);
  ASSERT_FALSE(connection);
  EXPECT_NE(connection.error().message().find(servers_[0].directory()), std::string::npos);
  EXPECT_NE(connection.error().message().find("timeout expired"), std::string::npos);
}

} // namespace
} // namespace provisiond::postgres
