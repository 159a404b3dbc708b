#include "base/line_writer.hpp"
#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string>

using namespace std::chrono_literals;

namespace provisiond {
namespace {

std::string lost_line(std::uint64_t count) {
  return std::to_string(count) + " lines lost\n";
}

// A pipe whose ends may block.
struct Pipe {
  Pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  // By an open file of its own, so that O_NONBLOCK is not the writer's.
  void fill() const {
    const std::string path = "/proc/self/fd/" + std::to_string(writer.get());
    const UniqueFd other{::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC)};
    const std::string full(4096, 'x');
    while (::write(other.get(), full.data(), full.size()) > 0) {
    }
    while (::write(other.get(), "x", 1) > 0) {
    }
  }
  // Everything that comes until `last`, without what `fill` wrote.
  [[nodiscard]] std::string read_until(const std::string& last) const {
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.find(last) == std::string::npos) {
      const ssize_t got = ::read(reader.get(), buffer.data(), buffer.size());
      if (got <= 0) return text + "(nothing more)";
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    text.erase(0, text.find_first_not_of('x'));
    return text;
  }
  UniqueFd reader;
  UniqueFd writer;
};

LineWriter::Limits patient(std::size_t capacity) {
  return {.capacity_bytes = capacity, .patience = 1h};
}

TEST(LineWriter, WritesLinesInOrder) {
  const Pipe pipe;
  LineWriter writer{pipe.writer.get(), {}, lost_line};
  EXPECT_TRUE(writer.put("one\n"));
  EXPECT_TRUE(writer.put("two\n"));
  EXPECT_EQ(pipe.read_until("two\n"), "one\ntwo\n");
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_EQ(writer.lost(), 0U);
}

TEST(LineWriter, AReaderThatHangsCostsLinesAndNoTime) {
  const Pipe pipe;
  pipe.fill();
  LineWriter writer{pipe.writer.get(), patient(4), lost_line};
  EXPECT_TRUE(writer.put("1.\n"));
  EXPECT_FALSE(writer.put("2.\n"));
  EXPECT_FALSE(writer.put("3.\n"));
  EXPECT_EQ(writer.lost(), 2U);
  EXPECT_FALSE(writer.flush(1ms));
  EXPECT_EQ(pipe.read_until("lost\n"), "1.\n2 lines lost\n");
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_TRUE(writer.put("4.\n"));
  EXPECT_EQ(pipe.read_until("4.\n"), "4.\n");
}

TEST(LineWriter, WhatWasLostIsToldAtItsPlace) {
  const Pipe pipe;
  pipe.fill();
  LineWriter writer{pipe.writer.get(), patient(20), lost_line};
  EXPECT_TRUE(writer.put("1.\n"));
  EXPECT_FALSE(writer.put(std::string(20, 'y') + "\n"));
  EXPECT_TRUE(writer.put("3.\n")) << "half of the queue is free";
  EXPECT_EQ(pipe.read_until("3.\n"), "1.\n1 lines lost\n3.\n");
}

TEST(LineWriter, WithoutPatienceNothingIsQueuedBehindALineThatHangs) {
  const Pipe pipe;
  pipe.fill();
  LineWriter writer{
      pipe.writer.get(), {.capacity_bytes = 1U << 30U, .patience = Duration::zero()}, lost_line};
  std::size_t taken = 0;
  while (taken < 1'000'000 && writer.put("x\n"))
    ++taken;
  EXPECT_LT(taken, 1'000'000U) << "it hangs, and the queue takes more";
  EXPECT_NE(pipe.read_until("lost\n").find("1 lines lost"), std::string::npos);
}

TEST(LineWriter, ADescriptorThatSomebodyElseMadeNonBlockingLosesNothing) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  Pipe pair;
  pair.reader.reset(ends[0]);
  pair.writer.reset(ends[1]);
  ASSERT_EQ(::fcntl(pair.reader.get(), F_SETFL, 0), 0);
  LineWriter writer{pair.writer.get(), patient(16U << 20U), lost_line};
  const std::string longest(1U << 20U, 'y'); // more than the socket takes at once
  EXPECT_TRUE(writer.put(longest + "\n"));
  EXPECT_TRUE(writer.put("end\n"));
  EXPECT_EQ(pair.read_until("end\n"), longest + "\nend\n") << "whole, and in order";
}

TEST(LineWriter, AReaderThatHasGoneIsCountedAndTriedAgainWithTheNextLine) {
  std::signal(SIGPIPE, SIG_IGN); // NOLINT: there is no handler
  Pipe pipe;
  LineWriter writer{pipe.writer.get(), {}, lost_line};
  pipe.reader.reset();
  EXPECT_TRUE(writer.put("1.\n"));
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_EQ(writer.lost(), 1U);
  EXPECT_TRUE(writer.put("2.\n"));
  EXPECT_TRUE(writer.flush(10s));
  EXPECT_EQ(writer.lost(), 2U);
}

TEST(LineWriter, WhatAFullFileDidNotTakeIsToldWhenItTakesMore) {
  const UniqueFd full{::open("/dev/full", O_WRONLY | O_CLOEXEC)};
  const UniqueFd fd{::fcntl(full.get(), F_DUPFD_CLOEXEC, 0)};
  const Pipe pipe;
  LineWriter writer{fd.get(), {}, lost_line};
  EXPECT_TRUE(writer.put("1.\n"));
  EXPECT_TRUE(writer.flush(10s));
  ASSERT_GE(::dup3(pipe.writer.get(), fd.get(), O_CLOEXEC), 0);
  EXPECT_TRUE(writer.put("2.\n"));
  EXPECT_EQ(pipe.read_until("2.\n"), "1 lines lost\n2.\n");
}

} // namespace
} // namespace provisiond
