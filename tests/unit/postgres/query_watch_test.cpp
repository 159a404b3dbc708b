#include "postgres/query_watch.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace provisiond::postgres {
namespace {

using std::chrono::milliseconds;

// A session's socket and the server's end of it.
class QueryWatchTest : public testing::Test {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    client_.reset(ends[0]);
    server_.reset(ends[1]);
    ASSERT_TRUE(watch_.attach(client_.get()));
  }

  // What libpq sees: 0 after a shutdown, EAGAIN while the connection lives.
  [[nodiscard]] bool is_shut_down() const {
    char byte = 0;
    const ssize_t received = ::recv(client_.get(), &byte, 1, 0);
    EXPECT_TRUE(received == 0 || errno == EAGAIN);
    return received == 0;
  }

  const TimePoint start_{std::chrono::hours{1}};
  UniqueFd client_;
  UniqueFd server_;
  QueryWatch watch_{milliseconds{500}};
};

TEST_F(QueryWatchTest, ShutsTheSocketDownAtTheDeadline) {
  watch_.begin();
  watch_.tick(start_);
  watch_.tick(start_ + milliseconds{499});
  EXPECT_FALSE(is_shut_down());
  EXPECT_FALSE(watch_.has_expired());
  watch_.tick(start_ + milliseconds{500});
  EXPECT_TRUE(is_shut_down());
  EXPECT_TRUE(watch_.has_expired());
}

TEST_F(QueryWatchTest, AnAnsweredQueryIsLeftAlone) {
  watch_.begin();
  watch_.tick(start_);
  watch_.end();
  watch_.tick(start_ + milliseconds{900});
  EXPECT_FALSE(is_shut_down());
}

TEST_F(QueryWatchTest, EachQueryHasItsOwnDeadline) {
  watch_.begin();
  watch_.tick(start_);
  watch_.end();
  watch_.begin();
  watch_.tick(start_ + milliseconds{600});
  EXPECT_FALSE(is_shut_down());
  watch_.tick(start_ + milliseconds{1'100});
  EXPECT_TRUE(is_shut_down());
}

// libpq closes its descriptor on its own when the connection breaks, and the number is used again.
TEST_F(QueryWatchTest, ADescriptorUsedAgainIsSafe) {
  watch_.begin();
  watch_.tick(start_);
  const int number = client_.get();
  client_.reset();
  std::array<int, 2> others{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, others.data()), 0);
  const UniqueFd innocent{others[0]};
  const UniqueFd other_end{others[1]};
  ASSERT_EQ(innocent.get(), number);

  watch_.tick(start_ + milliseconds{500});

  char byte = 0;
  EXPECT_EQ(::recv(innocent.get(), &byte, 1, 0), -1);
  EXPECT_EQ(errno, EAGAIN);
}

TEST_F(QueryWatchTest, NoticesThatAnIdleServerHungUp) {
  watch_.tick(start_);
  EXPECT_FALSE(watch_.has_hung_up());
  server_.reset();
  watch_.tick(start_);
  EXPECT_TRUE(watch_.has_hung_up());
}

TEST_F(QueryWatchTest, AttachingANewSocketForgetsTheOldOne) {
  watch_.begin();
  watch_.tick(start_);
  watch_.tick(start_ + milliseconds{500});
  watch_.detach();
  watch_.tick(start_ + milliseconds{600});

  ASSERT_TRUE(watch_.attach(server_.get()));
  EXPECT_FALSE(watch_.has_expired());
  EXPECT_FALSE(watch_.has_hung_up());
}

TEST_F(QueryWatchTest, CutShutsThisAndEveryLaterSocketDown) {
  watch_.cut();
  EXPECT_TRUE(is_shut_down());

  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  client_.reset(ends[0]);
  server_.reset(ends[1]);
  ASSERT_TRUE(watch_.attach(client_.get()));
  EXPECT_TRUE(is_shut_down());
}

TEST_F(QueryWatchTest, RefusesABadDescriptor) {
  const Status attached = watch_.attach(-1);
  ASSERT_FALSE(attached);
  EXPECT_EQ(attached.error().code(), EBADF);
}

} // namespace
} // namespace provisiond::postgres
