// Many clients, each with a port of its own and, with --source-prefix, an address: all initiate at
// once or, with --rate, so many each second, initiate again as WireGuard does (after five seconds
// and up to a third of one more, for --attempt-time seconds), and answer what the gateway
// initiates. Whoever has a session that it initiated confirms it again every five seconds, as its
// data would: the first confirmation may be lost in the rush. Once all have a session they fall
// silent. For each line on standard input they begin anew, and a JSON line tells how it went. Only
// for one's own machines.

#include "base/clock.hpp"
#include "initiator/client.hpp"
#include "initiator/key_file.hpp"
#include "initiator/packet_sender.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sodium.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <queue>
#include <random>
#include <string>
#include <vector>

namespace provisiond::test {

using namespace initiator;

namespace {

using namespace std::chrono_literals;

// White paper, section 6.1: Rekey-Timeout with its jitter, and Rekey-Attempt-Time.
constexpr Duration rekey_timeout = 5s;
constexpr std::int64_t largest_jitter_ms = 333;
constexpr double rekey_attempt_seconds = 90;
constexpr std::size_t first_port = 20'000;
constexpr std::size_t largest_crowd = 40'000;
constexpr std::size_t sent_between_looks = 32;

struct Options {
  std::string private_key_file;
  std::string responder;
  std::string to;
  std::string source_prefix;
  double rate = 0; // new clients each second; 0: all at once
  double attempt_seconds = rekey_attempt_seconds;
  bool is_brief = false;
};

struct Setup {
  PublicKey responder;
  Endpoint to;
  std::optional<IpPrefix> sources;
  Duration attempt_time{};           // after which one tries no more
  bool ends_when_all_are_up = false; // and not when their sessions are confirmed, too
};

struct Member {
  Client client;
  PacketSender socket;
  std::optional<Payload> confirmation; // of the session that it initiated
  TimePoint begin{};                   // of its first initiation
};

struct Due {
  TimePoint at;
  std::size_t member = 0;

  bool operator>(const Due& other) const { return at > other.at; }
};

struct Story {
  std::size_t initiations = 0;
  std::size_t cookie_replies = 0;
  std::vector<double> up_after_ms; // of each, from its first initiation to its session
};

class Crowd {
 public:
  static Result<Crowd> open(const std::vector<Secret<32>>& keys, const Setup& setup);

  // All begin anew, `pause` after one another; returns when all have a session or none tries any
  // more.
  Result<Story> come(Duration pause);

 private:
  using Agenda = std::priority_queue<Due, std::vector<Due>, std::greater<>>;

  Crowd(std::vector<Member> members, UniqueFd poll, const Setup& setup)
      : members_{std::move(members)}, poll_{std::move(poll)}, setup_{setup} {}

  [[nodiscard]] bool has_ended(const Agenda& agenda, const Story& story) const {
    return agenda.empty() ||
           (setup_.ends_when_all_are_up && story.up_after_ms.size() == members_.size());
  }

  Status send_due(Agenda& agenda, Story& story);
  Status receive_until(TimePoint deadline, Story& story);
  Status take_packets(Member& member, Story& story);

  std::vector<Member> members_;
  UniqueFd poll_;
  Setup setup_;
  std::mt19937 random_{1}; // NOLINT(cert-msc32-c,cert-msc51-cpp): a jitter, the same in every run
};

Status allow_descriptors(std::size_t count) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_max >= count) {
    limit.rlim_cur = count;
  } else {
    limit = {.rlim_cur = count, .rlim_max = count}; // what only root may ask for
  }
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fail(Error::system(fmt::format("allow {} descriptors", count), errno));
  return {};
}

Result<Crowd> Crowd::open(const std::vector<Secret<32>>& keys, const Setup& setup) {
  if (keys.size() > largest_crowd)
    return fail(Error{fmt::format("{} keys, {} at most", keys.size(), largest_crowd)});
  if (const Status allowed = allow_descriptors(keys.size() + 64); !allowed)
    return fail(allowed.error());
  UniqueFd poll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!poll) return fail(Error::system("open epoll", errno));
  std::vector<Member> members;
  members.reserve(keys.size());
  for (const Secret<32>& key : keys) {
    SenderOptions options{
        .to = setup.to,
        .from_port = static_cast<std::uint16_t>(first_port + members.size()),
        .source_prefix = {},
    };
    // The first address of a prefix names the network.
    if (setup.sources) options.from = address_at(*setup.sources, 1 + members.size());
    Result<PacketSender> socket = PacketSender::open(options);
    if (!socket) return fail(socket.error());
    epoll_event readable{.events = EPOLLIN, .data = {.u64 = members.size()}};
    if (::epoll_ctl(poll.get(), EPOLL_CTL_ADD, socket->descriptor(), &readable) != 0)
      return fail(Error::system("watch a socket", errno));
    members.push_back(
        {.client = Client{key, setup.responder}, .socket = std::move(*socket), .confirmation = {}});
  }
  return Crowd{std::move(members), std::move(poll), setup};
}

Result<Story> Crowd::come(Duration pause) {
  Story story;
  Agenda agenda;
  TimePoint begin = Clock::now();
  for (std::size_t i = 0; i < members_.size(); ++i, begin += pause) {
    members_[i].client.forget();
    members_[i].confirmation.reset();
    members_[i].begin = begin;
    agenda.push({.at = begin, .member = i});
  }
  while (!has_ended(agenda, story)) {
    if (const Status sent = send_due(agenda, story); !sent) return fail(sent.error());
    const TimePoint next = agenda.empty() ? Clock::now() + rekey_timeout : agenda.top().at;
    if (const Status received = receive_until(next, story); !received)
      return fail(received.error());
  }
  return story;
}

// Some of those whose time has come, so that answers are read in between.
Status Crowd::send_due(Agenda& agenda, Story& story) {
  std::uniform_int_distribution<std::int64_t> jitter_ms{0, largest_jitter_ms};
  for (std::size_t sent = 0; sent < sent_between_looks && !agenda.empty();) {
    const Due due = agenda.top();
    const TimePoint now = Clock::now();
    if (due.at > now) break;
    agenda.pop();
    Member& member = members_[due.member];
    const bool is_over = now - member.begin > setup_.attempt_time;
    ++sent;
    if (member.client.has_session()) {
      if (!member.confirmation) continue;
      if (Status status = member.socket.send(*member.confirmation); !status) return status;
      if (is_over || story.up_after_ms.size() == members_.size()) continue;
    } else {
      if (is_over) continue;
      if (Status status = member.socket.send(member.client.initiate()); !status) return status;
      ++story.initiations;
    }
    agenda.push({.at = now + rekey_timeout + std::chrono::milliseconds{jitter_ms(random_)},
                 .member = due.member});
  }
  return {};
}

Status Crowd::receive_until(TimePoint deadline, Story& story) {
  std::array<epoll_event, 256> ready{};
  const Duration left = std::max(Duration::zero(), deadline - Clock::now());
  const int timeout = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(left).count());
  const int count =
      ::epoll_wait(poll_.get(), ready.data(), static_cast<int>(ready.size()), timeout);
  if (count < 0) return fail(Error::system("wait for packets", errno));
  for (int i = 0; i < count; ++i) {
    Member& member = members_[ready[static_cast<std::size_t>(i)].data.u64];
    if (Status taken = take_packets(member, story); !taken) return taken;
  }
  return {};
}

Status Crowd::take_packets(Member& member, Story& story) {
  const bool was_up = member.client.has_session();
  const bool had_cookie = member.client.has_cookie();
  const Result<std::optional<Received>> received = member.socket.receive(Clock::now());
  if (!received) return fail(received.error());
  if (!*received) return {};
  const std::optional<Payload> reply =
      member.client.receive(std::span{(*received)->bytes}.first((*received)->size));
  if (reply) {
    if (Status sent = member.socket.send(*reply); !sent) return sent;
  }
  if (!had_cookie && member.client.has_cookie()) ++story.cookie_replies;
  if (!was_up && member.client.has_session()) {
    member.confirmation = reply; // none of a session that the gateway initiated
    story.up_after_ms.push_back(
        std::chrono::duration<double, std::milli>(Clock::now() - member.begin).count());
  }
  return {};
}

// Who is not up counts as up at the end of its attempts.
void print(const Story& story, std::size_t clients, double attempt_seconds) {
  std::vector<double> times = story.up_after_ms;
  std::ranges::sort(times);
  times.resize(clients, 1000 * attempt_seconds);
  const double middle = times.empty() ? 0 : times[(times.size() - 1) / 2];
  const double late = times.empty() ? 0 : times[(times.size() - 1) * 99 / 100];
  const double last = times.empty() ? 0 : times.back();
  fmt::print("{{\"clients\":{},\"up\":{},\"initiations\":{},\"cookie_replies\":{},"
             "\"p50_ms\":{:.3f},\"p99_ms\":{:.3f},\"last_ms\":{:.3f}}}\n",
             clients, story.up_after_ms.size(), story.initiations, story.cookie_replies, middle,
             late, last);
  std::fflush(stdout);
}

Status run(const Options& options) {
  const std::optional<PublicKey> responder = PublicKey::parse(options.responder);
  if (!responder) return fail(Error{"--responder: not a public key"});
  const std::optional<Endpoint> to = Endpoint::parse(options.to);
  if (!to) return fail(Error{"--to: not an address and port"});
  const Result<std::vector<Secret<32>>> keys = read_private_keys(options.private_key_file);
  if (!keys) return fail(keys.error());
  const std::optional<IpPrefix> sources = IpPrefix::parse(options.source_prefix);
  if (!options.source_prefix.empty() && !sources)
    return fail(Error{"--source-prefix: not a prefix"});
  const std::chrono::duration<double> attempt_time{options.attempt_seconds};
  Result<Crowd> crowd =
      Crowd::open(*keys, {.responder = *responder,
                          .to = *to,
                          .sources = sources,
                          .attempt_time = std::chrono::duration_cast<Duration>(attempt_time),
                          .ends_when_all_are_up = options.is_brief});
  if (!crowd) return fail(crowd.error());
  const std::chrono::duration<double> pause{options.rate > 0 ? 1 / options.rate : 0};
  for (std::string line; std::getline(std::cin, line);) {
    const Result<Story> story = crowd->come(std::chrono::duration_cast<Duration>(pause));
    if (!story) return fail(story.error());
    print(*story, keys->size(), options.attempt_seconds);
  }
  return {};
}

} // namespace

} // namespace provisiond::test

int main(int argc, char** argv) {
  using namespace provisiond;
  test::Options options;
  CLI::App app{"Many clients that come at once."};
  app.add_option("--private-key-file", options.private_key_file, "base64, one per line")
      ->required();
  app.add_option("--responder", options.responder, "public key of the gateway")->required();
  app.add_option("--to", options.to, "ADDRESS:PORT of the gateway")->required();
  app.add_option("--source-prefix", options.source_prefix,
                 "an address for each; a local route of this machine");
  app.add_option("--rate", options.rate, "new clients each second; all at once without it");
  app.add_option("--attempt-time", options.attempt_seconds, "seconds after which one tries no more")
      ->check(CLI::Range(1.0, 600.0))
      ->capture_default_str();
  app.add_flag("--brief", options.is_brief, "over when all have a session, confirmed or not");
  CLI11_PARSE(app, argc, argv);
  if (sodium_init() < 0) return 1;
  const Status done = test::run(options);
  if (done) return 0;
  fmt::print(stderr, "crowd: {}\n", done.error().message());
  return 1;
}
