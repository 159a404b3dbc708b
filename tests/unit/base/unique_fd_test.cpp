#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace provisiond {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) != -1;
}

int open_null() {
  return ::open("/dev/null", O_RDONLY | O_CLOEXEC);
}

TEST(UniqueFd, ClosesWhatItOwns) {
  int raw = -1;
  {
    const UniqueFd fd{open_null()};
    raw = fd.get();
    EXPECT_TRUE(fd);
    EXPECT_TRUE(is_open(raw));
  }
  EXPECT_FALSE(is_open(raw));
}

TEST(UniqueFd, MovesOwnership) {
  UniqueFd first{open_null()};
  const int raw = first.get();
  const UniqueFd second{std::move(first)};
  EXPECT_FALSE(first); // NOLINT(bugprone-use-after-move): "none" is what it promises
  EXPECT_EQ(second.get(), raw);
  EXPECT_TRUE(is_open(raw));
}

TEST(UniqueFd, AssignmentClosesTheOldOne) {
  UniqueFd target{open_null()};
  const int old = target.get();
  target = UniqueFd{open_null()};
  EXPECT_NE(target.get(), old);
  EXPECT_FALSE(is_open(old));
  EXPECT_TRUE(is_open(target.get()));
}

TEST(UniqueFd, ReleaseGivesItAway) {
  UniqueFd fd{open_null()};
  const int raw = fd.release();
  EXPECT_FALSE(fd);
  EXPECT_TRUE(is_open(raw));
  ::close(raw);
}

TEST(UniqueFd, BeginsAsNone) {
  EXPECT_FALSE(UniqueFd{});
  EXPECT_EQ(UniqueFd{}.get(), -1);
}

} // namespace
} // namespace provisiond
