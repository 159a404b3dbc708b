#include "bench/knocker.hpp"

#include "bench/measure.hpp"
#include "initiator/key_file.hpp"

#include <fcntl.h>
#include <sched.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>

namespace provisiond::bench {

namespace {

constexpr std::uint16_t first_port = 20'000;
constexpr std::size_t maximum_knockers = 40'000;
constexpr Duration patience = std::chrono::seconds{3};

Status enter_namespace(int fd) {
  if (::setns(fd, CLONE_NEWNET) != 0) return fail(Error::system("enter a namespace", errno));
  return {};
}

// For one socket each, in the namespace that the thread is in.
Result<std::vector<initiator::PacketSender>> open_sockets(const Endpoint& to, std::size_t count) {
  std::vector<initiator::PacketSender> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    Result<initiator::PacketSender> socket = initiator::PacketSender::open(
        {.to = to, .from_port = static_cast<std::uint16_t>(first_port + i), .source_prefix = {}});
    if (!socket) return fail(socket.error());
    sockets.push_back(std::move(*socket));
  }
  return sockets;
}

// What the wire showed of one burst: when each came in, and when the gateway's first message to it
// went out. That is its reverse initiation, or, rarely, a response: when the device was so late
// with the client's packet that the peer was there by then.
class Burst {
 public:
  explicit Burst(std::span<const Knocker> knockers) {
    for (const Knocker& knocker : knockers)
      times_.emplace(knocker.port, Times{});
  }

  void note(const TappedHandshake& tapped) {
    const std::map<std::uint16_t, Times>::iterator found = times_.find(tapped.remote.port);
    if (found == times_.end()) return; // of an earlier burst
    const bool came = tapped.direction == TappedHandshake::Direction::in;
    std::optional<WallTime>& time = came ? found->second.came : found->second.answered;
    if (time) return; // the first one counts
    time = tapped.at;
    if (!came) ++answered_;
  }
  [[nodiscard]] bool is_complete() const { return answered_ == times_.size(); }
  [[nodiscard]] BurstResult result() const;

 private:
  struct Times {
    std::optional<WallTime> came;
    std::optional<WallTime> answered;
  };

  std::map<std::uint16_t, Times> times_;
  std::size_t answered_ = 0;
};

BurstResult Burst::result() const {
  BurstResult result;
  WallTime first = WallTime::max();
  WallTime last = WallTime::min();
  for (const std::pair<const std::uint16_t, Times>& entry : times_) {
    const Times& times = entry.second;
    if (!times.came || !times.answered) continue;
    result.latencies.push_back(milliseconds(*times.answered - *times.came));
    first = std::min(first, *times.came);
    last = std::max(last, *times.answered);
  }
  if (!result.latencies.empty()) result.elapsed = last - first;
  return result;
}

// Gives the gateway its session, so that it does not initiate again and its daemon has peace.
void complete(std::span<Knocker> knockers) {
  for (Knocker& knocker : knockers) {
    const Result<std::optional<initiator::Received>> received =
        knocker.socket.receive(Clock::now());
    if (!received || !*received) continue;
    const std::optional<initiator::Payload> response =
        knocker.client.receive(std::span{(*received)->bytes}.first((*received)->size));
    if (response) static_cast<void>(knocker.socket.send(*response));
  }
}

} // namespace

Result<std::vector<Knocker>> make_knockers(const KnockerSetup& setup) {
  Result<std::vector<Secret<32>>> keys = initiator::read_private_keys(setup.private_keys_file);
  if (!keys) return fail(keys.error());
  if (keys->size() > maximum_knockers) return fail(Error{"too many private keys"});
  const std::string path = "/run/netns/" + setup.network_namespace;
  const UniqueFd home{::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)};
  const UniqueFd theirs{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!home || !theirs) return fail(Error::system("open " + path, errno));
  if (const Status entered = enter_namespace(theirs.get()); !entered) return fail(entered.error());
  Result<std::vector<initiator::PacketSender>> sockets = open_sockets(setup.gateway, keys->size());
  if (const Status returned = enter_namespace(home.get()); !returned) return fail(returned.error());
  if (!sockets) return fail(sockets.error());

  std::vector<Knocker> knockers;
  for (std::size_t i = 0; i < keys->size(); ++i) {
    initiator::Client client{(*keys)[i], setup.responder};
    const InitiationBytes initiation = client.initiate();
    knockers.push_back({.client = std::move(client),
                        .initiation = initiation,
                        .socket = std::move((*sockets)[i]),
                        .port = static_cast<std::uint16_t>(first_port + i)});
  }
  return knockers;
}

Result<BurstResult> knock_together(WireTap& tap, std::span<Knocker> knockers) {
  for (Knocker& knocker : knockers) {
    const Status sent = knocker.socket.send(knocker.initiation);
    if (!sent) return fail(sent.error());
  }
  Burst burst{knockers};
  const TimePoint deadline = Clock::now() + patience;
  while (!burst.is_complete()) {
    const Result<std::optional<TappedHandshake>> tapped = tap.next(deadline);
    if (!tapped) return fail(tapped.error());
    if (!*tapped) break;
    burst.note(**tapped);
  }
  complete(knockers);
  return burst.result();
}

} // namespace provisiond::bench
