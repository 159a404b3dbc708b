#include "events/probe_exchange.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>
#include <thread>

namespace provisiond::events {
namespace {

using testing::HasSubstr;

// The daemon's and the loader's end.
struct Pair {
  UniqueFd daemon;
  UniqueFd loader;
  Pair() {
    std::array<int, 2> fds{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds.data()), 0);
    daemon.reset(fds[0]);
    loader.reset(fds[1]);
  }
};

// Descriptors of /dev/null in the place of maps and programs.
ProbeHandles stand_ins() {
  ProbeHandles handles;
  for (UniqueFd& fd : handles.fds)
    fd.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return handles;
}

KernelProbe::Limits some_limits() {
  return {.buffer_bytes = 65'536,
          .refused_keys = 2'048,
          .per_prefix = {200, 1'000},
          .shared_prefixes = {*IpPrefix::parse("100.64.0.0/10"), *IpPrefix::parse("2001:db8::/32")},
          .translated_prefixes = {*IpPrefix::parse("64:ff9b::/96")}};
}

TEST(ProbeExchange, hands_over_descriptors_for_the_limits_that_were_asked) {
  const Pair pair;
  std::optional<KernelProbe::Limits> heard;
  std::thread loader{[&] {
    EXPECT_TRUE(answer_for_probe(pair.loader.get(), [&](const KernelProbe::Limits& limits) {
      heard = limits;
      return Result<ProbeHandles>{stand_ins()};
    }));
  }};
  const Result<ProbeHandles> handles = ask_for_probe(pair.daemon.get(), some_limits());
  loader.join();
  ASSERT_TRUE(handles) << handles.error().message();
  for (const UniqueFd& fd : handles->fds)
    EXPECT_GE(::fcntl(fd.get(), F_GETFD), 0);
  const KernelProbe::Limits wanted = some_limits();
  ASSERT_TRUE(heard);
  EXPECT_EQ(heard->buffer_bytes, wanted.buffer_bytes);
  EXPECT_EQ(heard->refused_keys, wanted.refused_keys);
  EXPECT_EQ(heard->per_prefix, wanted.per_prefix);
  EXPECT_EQ(heard->shared_prefixes, wanted.shared_prefixes);
  EXPECT_EQ(heard->translated_prefixes, wanted.translated_prefixes);
}

TEST(ProbeExchange, says_why_there_is_no_probe) {
  const Pair pair;
  std::thread loader{[&] {
    EXPECT_TRUE(answer_for_probe(pair.loader.get(), [](const KernelProbe::Limits&) {
      return Result<ProbeHandles>{fail(Error{"no BTF, " + std::string(600, 'x'), ENOENT})};
    }));
  }};
  const Result<ProbeHandles> handles = ask_for_probe(pair.daemon.get(), some_limits());
  loader.join();
  ASSERT_FALSE(handles);
  EXPECT_THAT(handles.error().message(), HasSubstr("no BTF"));
  EXPECT_EQ(handles.error().code(), ENOENT);
}

TEST(ProbeExchange, loads_nothing_beyond_what_settings_allow) {
  const Pair pair;
  std::thread loader{[&] {
    EXPECT_TRUE(answer_for_probe(pair.loader.get(), [](const KernelProbe::Limits&) {
      ADD_FAILURE() << "loaded";
      return Result<ProbeHandles>{stand_ins()};
    }));
  }};
  KernelProbe::Limits limits = some_limits();
  limits.buffer_bytes = std::size_t{1} << 40U;
  const Result<ProbeHandles> handles = ask_for_probe(pair.daemon.get(), limits);
  loader.join();
  ASSERT_FALSE(handles);
  EXPECT_THAT(handles.error().message(), HasSubstr("beyond what settings allow"));
}

TEST(ProbeExchange, ends_with_either_side) {
  Pair pair;
  pair.loader.reset();
  EXPECT_FALSE(ask_for_probe(pair.daemon.get(), some_limits()));
  Pair other;
  other.daemon.reset();
  const Status served = answer_for_probe(other.loader.get(), [](const KernelProbe::Limits&) {
    return Result<ProbeHandles>{stand_ins()};
  });
  ASSERT_FALSE(served);
  EXPECT_EQ(served.error().code(), EPIPE);
}

TEST(ProbeExchange, a_message_of_another_size_is_no_question) {
  const Pair pair;
  ASSERT_EQ(::send(pair.daemon.get(), "x", 1, MSG_NOSIGNAL), 1);
  EXPECT_FALSE(answer_for_probe(pair.loader.get(), [](const KernelProbe::Limits&) {
    ADD_FAILURE() << "loaded";
    return Result<ProbeHandles>{stand_ins()};
  }));
}

} // namespace
} // namespace provisiond::events
