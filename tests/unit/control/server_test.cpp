#include "control/server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace provisiond::control {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

class TemporaryFolder {
 public:
  TemporaryFolder() { path_ = ::mkdtemp(path_.data()); }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_ = "/tmp/control-test.XXXXXX";
};

UniqueFd connect_to(const std::string& path) {
  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  EXPECT_EQ(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  return fd;
}

void say(const UniqueFd& fd, std::string_view text) {
  static_cast<void>(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL));
}

// What is said until `end` or the end of the connection.
std::string hear(const UniqueFd& fd, std::string_view end = "{\"done\":true}\n") {
  std::string heard;
  std::array<char, 65536> bytes{};
  while (!heard.ends_with(end)) {
    const ssize_t count = ::recv(fd.get(), bytes.data(), bytes.size(), 0);
    if (count <= 0) break;
    heard.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return heard;
}

class ServerTest : public testing::Test {
 protected:
  void start(const Limits& limits = {}) {
    Result<Listener> listener = Listener::open(path_, std::nullopt);
    ASSERT_TRUE(listener) << listener.error().message();
    Result<std::unique_ptr<Server>> server = Server::start(
        std::move(*listener), {"wg0"},
        [this](const Credentials& client) { return is_allowed_ && client.user == ::geteuid(); },
        limits, {.questions = questions_, .answers = answers_});
    ASSERT_TRUE(server);
    server_ = std::move(*server);
  }

  // The test in the place of the loop: one question, and its answer.
  void answer_one() {
    const std::vector<Question> asked = questions_.take(1);
    ASSERT_EQ(asked.size(), 1U);
    Answer answer{.ticket = asked.front().ticket, .body = Overview{.version = "7"}};
    if (const PeersQuestion* question = std::get_if<PeersQuestion>(&asked.front().body)) {
      const PeerView view{.interface = {}, .key = {}, .stage = PeerStage::live};
      PeerWalk rest = question->walk.value_or(PeerWalk{.next = 0, .end = peers_});
      PeerSlice slice{.peers = {most_peers_per_question, view}, .rest = {}};
      rest.next += most_peers_per_question;
      if (!rest.is_over()) slice.rest = rest;
      answer.body = std::move(slice);
    }
    ASSERT_TRUE(answers_.push(std::move(answer)));
  }

  TemporaryFolder folder_;
  std::string path_ = folder_.file("control.sock");
  std::atomic<bool> is_allowed_ = true;
  std::size_t peers_ = 0;
  Channel<Question> questions_{16};
  Channel<Answer> answers_{16};
  std::unique_ptr<Server> server_;
};

constexpr const char* status_request = "{\"request\": \"status\"}\n";

TEST_F(ServerTest, answers_a_request) {
  start();
  const UniqueFd client = connect_to(path_);
  say(client, status_request);
  answer_one();
  EXPECT_THAT(hear(client), HasSubstr("\"version\":\"7\""));
}

TEST_F(ServerTest, answers_who_has_said_all_they_have_to_say) {
  start();
  const UniqueFd client = connect_to(path_);
  say(client, status_request);
  ::shutdown(client.get(), SHUT_WR);
  answer_one();
  EXPECT_THAT(hear(client, "never"), HasSubstr("{\"done\":true}\n"));
}

TEST_F(ServerTest, tells_who_may_not_ask) {
  is_allowed_ = false;
  start();
  const UniqueFd client = connect_to(path_);
  say(client, status_request);
  EXPECT_THAT(hear(client), HasSubstr("\"code\":\"refused\""));
  EXPECT_EQ(questions_.size(), 0U);
}

TEST_F(ServerTest, ends_what_it_does_not_understand) {
  start();
  const UniqueFd malformed = connect_to(path_);
  say(malformed, "GET / HTTP/1.1\n");
  EXPECT_THAT(hear(malformed), HasSubstr("\"code\":\"usage\""));
  const UniqueFd oversized = connect_to(path_);
  say(oversized, std::string(2 * longest_request, 'x'));
  EXPECT_THAT(hear(oversized), HasSubstr("too long"));
}

TEST_F(ServerTest, serves_eight_and_tells_the_ninth) {
  start({.clients = 8, .for_root = 0, .per_user = 8});
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(connect_to(path_));
    say(clients.back(), status_request);
    answer_one();
    EXPECT_THAT(hear(clients.back()), HasSubstr("done"));
  }
  const UniqueFd ninth = connect_to(path_);
  EXPECT_THAT(hear(ninth), HasSubstr("\"code\":\"busy\""));
  say(clients.front(), status_request);
  answer_one();
  EXPECT_THAT(hear(clients.front()), HasSubstr("done"));
}

TEST(ControlPlaces, one_user_has_three_at_most) {
  EXPECT_TRUE(has_place_for(7, std::vector<uid_t>{7, 7}, {}));
  EXPECT_FALSE(has_place_for(7, std::vector<uid_t>{7, 7, 7}, {}));
  EXPECT_TRUE(has_place_for(8, std::vector<uid_t>{7, 7, 7}, {}));
}

TEST(ControlPlaces, all_users_together_leave_two_to_root) {
  const std::vector<uid_t> six{7, 7, 7, 8, 8, 8};
  EXPECT_FALSE(has_place_for(9, six, {}));
  EXPECT_TRUE(has_place_for(0, six, {}));
  EXPECT_TRUE(has_place_for(0, std::vector<uid_t>{7, 7, 7, 8, 8, 8, 0}, {}));
  EXPECT_FALSE(has_place_for(0, std::vector<uid_t>{7, 7, 7, 8, 8, 8, 0, 0}, {}));
}

TEST(ControlPlaces, of_root_may_be_all) {
  EXPECT_TRUE(has_place_for(0, std::vector<uid_t>(7, 0), {}));
  EXPECT_FALSE(has_place_for(0, std::vector<uid_t>(8, 0), {}));
  EXPECT_TRUE(has_place_for(7, std::vector<uid_t>(5, 0), {}));
  EXPECT_FALSE(has_place_for(7, std::vector<uid_t>(8, 0), {}));
}

TEST_F(ServerTest, a_place_is_free_when_a_client_goes) {
  start({.clients = 1, .for_root = 0});
  const UniqueFd first = connect_to(path_);
  say(first, "x\n");
  EXPECT_THAT(hear(first, "never"), HasSubstr("usage")); // and closed
  const UniqueFd second = connect_to(path_);
  say(second, status_request);
  answer_one();
  EXPECT_THAT(hear(second), HasSubstr("done"));
}

TEST_F(ServerTest, cuts_who_is_slow_to_ask) {
  start({.patience = 50ms});
  const UniqueFd client = connect_to(path_);
  say(client, "{\"request\":");
  EXPECT_EQ(hear(client), "");
}

TEST_F(ServerTest, cuts_who_is_slow_to_read_and_serves_others) {
  peers_ = 100'000;
  start({.patience = 500ms});
  const UniqueFd slow = connect_to(path_);
  say(slow, "{\"request\": \"peers\"}\n");
  answer_one(); // a slice, which fills the socket's buffer: there is no second one
  const UniqueFd other = connect_to(path_);
  say(other, status_request);
  answer_one();
  EXPECT_THAT(hear(other), HasSubstr("\"version\":\"7\""));
  std::array<pollfd, 1> cut{{{slow.get(), POLLRDHUP, 0}}};
  EXPECT_EQ(::poll(cut.data(), 1, 5000), 1);
  EXPECT_EQ(hear(slow).find("done"), std::string::npos);
}

TEST_F(ServerTest, cuts_who_waits_for_a_loop_that_hangs) {
  start({.patience = 300ms});
  const UniqueFd client = connect_to(path_);
  say(client, status_request);
  EXPECT_EQ(hear(client), "");
  answer_one(); // too late, and nobody's
  const UniqueFd next = connect_to(path_);
  say(next, "x\n");
  EXPECT_THAT(hear(next), HasSubstr("usage"));
}

TEST_F(ServerTest, lists_ten_thousand_peers) {
  peers_ = 10'000;
  start();
  const UniqueFd client = connect_to(path_);
  say(client, "{\"request\": \"peers\"}\n");
  std::size_t slices = 0;
  std::thread loop{[&] {
    for (; slices < 5; ++slices)
      answer_one();
  }};
  const std::string heard = hear(client);
  loop.join();
  EXPECT_EQ(std::ranges::count(heard, '\n'), 10'001);
}

TEST_F(ServerTest, leaves_nothing_behind) {
  start();
  const UniqueFd client = connect_to(path_);
  server_.reset();
  EXPECT_EQ(hear(client), "");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST(Listener, is_for_owner_and_group) {
  const TemporaryFolder folder;
  const std::string path = folder.file("new/control.sock");
  const Result<Listener> listener = Listener::open(path, ::getegid());
  ASSERT_TRUE(listener) << listener.error().message();
  struct stat made {};
  ASSERT_EQ(::stat(path.c_str(), &made), 0);
  EXPECT_EQ(made.st_mode & 0777U, 0660U);
  EXPECT_EQ(made.st_gid, ::getegid());
}

TEST(Listener, replaces_what_a_dead_daemon_left) {
  const TemporaryFolder folder;
  const std::string path = folder.file("control.sock");
  {
    const UniqueFd dead{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    ASSERT_EQ(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  }
  EXPECT_TRUE(Listener::open(path, std::nullopt));
}

TEST(Listener, leaves_a_live_one_and_other_files_alone) {
  const TemporaryFolder folder;
  const std::string path = folder.file("control.sock");
  const Result<Listener> first = Listener::open(path, std::nullopt);
  ASSERT_TRUE(first);
  const Result<Listener> second = Listener::open(path, std::nullopt);
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().message(), HasSubstr("another daemon listens there"));
  EXPECT_TRUE(std::filesystem::exists(path));

  const std::string other = folder.file("file");
  std::ofstream{other} << "x";
  const Result<Listener> third = Listener::open(other, std::nullopt);
  ASSERT_FALSE(third);
  EXPECT_THAT(third.error().message(), HasSubstr("no socket"));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST(Listener, says_what_is_wrong_with_a_path) {
  EXPECT_FALSE(Listener::open("/tmp/" + std::string(200, 'x'), std::nullopt));
  const Result<Listener> nowhere = Listener::open("/nonexistent/folder/s", std::nullopt);
  ASSERT_FALSE(nowhere);
  EXPECT_THAT(nowhere.error().message(), HasSubstr("control.enabled: false"));
}

TEST(Access, is_for_root_the_daemon_and_the_group) {
  const Access closed{.own_user = 100, .group = std::nullopt};
  EXPECT_TRUE(is_allowed(closed, {.user = 0, .group = 5, .more_groups = {}}));
  EXPECT_TRUE(is_allowed(closed, {.user = 100, .group = 5, .more_groups = {}}));
  EXPECT_FALSE(is_allowed(closed, {.user = 101, .group = 0, .more_groups = {0, 100}}));
  const Access open{.own_user = 100, .group = 7};
  EXPECT_TRUE(is_allowed(open, {.user = 101, .group = 7, .more_groups = {}}));
  EXPECT_TRUE(is_allowed(open, {.user = 101, .group = 5, .more_groups = {4, 7}}));
  EXPECT_FALSE(is_allowed(open, {.user = 101, .group = 5, .more_groups = {4}}));
}

TEST(Access, the_kernel_says_who_is_there) {
  std::array<int, 2> pair{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()), 0);
  const UniqueFd here{pair[0]};
  const UniqueFd there{pair[1]};
  const Result<Credentials> credentials = credentials_of(here.get());
  ASSERT_TRUE(credentials) << credentials.error().message();
  EXPECT_EQ(credentials->user, ::geteuid());
  EXPECT_EQ(credentials->group, ::getegid());
}

TEST(Access, a_group_must_exist) {
  const Result<gid_t> group = find_group("no-such-group-here");
  ASSERT_FALSE(group);
  EXPECT_THAT(group.error().message(), HasSubstr("there is no group no-such-group-here"));
}

} // namespace
} // namespace provisiond::control
