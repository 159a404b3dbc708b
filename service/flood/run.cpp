#include "flood/run.hpp"

#include "flood/devices.hpp"
#include "flood/pacer.hpp"
#include "flood/strangers.hpp"
#include "initiator/key_file.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <utility>

namespace provisiond::flood {

namespace {

using namespace std::chrono_literals;

// So that thousands a second go in small batches, and not with a system call for each pause.
constexpr Duration shortest_pause = 1ms;
// A signal may come just before the pause begins.
constexpr Duration longest_pause = 50ms;
// Sent before answers are looked at again.
constexpr int largest_batch = 64;

// Both who send, whoever of them there is.
class Senders {
 public:
  static Result<Senders> open(const Order& order);

  // What was sent a cookie goes first.
  Status send(Kind kind, TimePoint now, Tally& tally);
  Status receive(TimePoint now, Tally& tally);
  Status wait(TimePoint until) const;

  [[nodiscard]] std::size_t distinct() const { return distinct_; }

 private:
  std::optional<Strangers> strangers_{};
  std::optional<Devices> devices_{};
  std::size_t distinct_ = 0;
};

Result<Senders> Senders::open(const Order& order) {
  Senders senders;
  const bool has_devices = std::ranges::find(order.kinds, Kind::valid) != order.kinds.end();
  if (has_devices) {
    const Result<std::vector<Secret<32>>> keys = initiator::read_private_keys(order.keys_file);
    if (!keys) return fail(keys.error());
    Result<Devices> devices = Devices::open(order, *keys);
    if (!devices) return fail(devices.error());
    senders.devices_.emplace(std::move(*devices));
    senders.distinct_ = keys->size();
  }
  if (order.kinds.size() > (has_devices ? 1U : 0U)) {
    Result<Supply> supply = Supply::make(order);
    if (!supply) return fail(supply.error());
    senders.distinct_ += supply->distinct();
    Result<Strangers> strangers = Strangers::open(order, std::move(*supply));
    if (!strangers) return fail(strangers.error());
    senders.strangers_.emplace(std::move(*strangers));
  }
  return senders;
}

Status Senders::send(Kind kind, TimePoint now, Tally& tally) {
  if (devices_ && devices_->has_cookies()) return devices_->send_with_cookie(now, tally);
  if (strangers_ && strangers_->has_cookies()) return strangers_->send_with_cookie(now, tally);
  return kind == Kind::valid ? devices_->send(now, tally) : strangers_->send(kind, now, tally);
}

Status Senders::receive(TimePoint now, Tally& tally) {
  if (strangers_) {
    if (Status received = strangers_->receive(now, tally); !received) return received;
  }
  return devices_ ? devices_->receive(now, tally) : Status{};
}

Status Senders::wait(TimePoint until) const {
  std::array<pollfd, 2> readable{
      pollfd{.fd = strangers_ ? strangers_->descriptor() : -1, .events = POLLIN, .revents = 0},
      pollfd{.fd = devices_ ? devices_->descriptor() : -1, .events = POLLIN, .revents = 0}};
  const Duration left = std::max(Duration::zero(), until - Clock::now());
  const timespec timeout{
      .tv_sec = std::chrono::duration_cast<std::chrono::seconds>(left).count(),
      .tv_nsec = (left % 1s).count(),
  };
  if (::ppoll(readable.data(), readable.size(), &timeout, nullptr) < 0 && errno != EINTR)
    return fail(Error::system("wait for packets", errno));
  return {};
}

// Sends until a bound is met. Report::ended says which.
Status send_all(Senders& senders, const Order& order, const std::atomic<bool>& stop,
                Report& report) {
  const TimePoint start = Clock::now();
  const TimePoint end = start + order.duration;
  Pacer pacer{order.rate, start};
  std::uint64_t turn = 0;
  TimePoint now = start;
  while (report.tally.sent() < order.packets && now < end && !stop) {
    for (int i = 0; i < largest_batch && report.tally.sent() < order.packets && pacer.take(now);
         ++i) {
      const Kind kind = order.kinds[turn++ % order.kinds.size()];
      if (Status sent = senders.send(kind, now, report.tally); !sent) return sent;
      now = Clock::now();
    }
    report.sending = now - start;
    if (Status received = senders.receive(now, report.tally); !received) return received;
    const TimePoint next = std::clamp(pacer.next(), now + shortest_pause, now + longest_pause);
    if (pacer.next() > now) {
      if (Status waited = senders.wait(std::min(next, end)); !waited) return waited;
    }
    now = Clock::now();
  }
  report.ended = stop ? Ended::interrupted : (now >= end ? Ended::time : Ended::packets);
  return {};
}

Status hear_the_last(Senders& senders, const Order& order, const std::atomic<bool>& stop,
                     Report& report) {
  const TimePoint end = Clock::now() + order.patience;
  for (TimePoint now = Clock::now(); now < end && !stop; now = Clock::now()) {
    if (Status waited = senders.wait(std::min(now + longest_pause, end)); !waited) return waited;
    if (Status received = senders.receive(Clock::now(), report.tally); !received) return received;
  }
  return {};
}

} // namespace

Result<Report> run(const Order& order, const std::atomic<bool>& stop) {
  Result<Senders> senders = Senders::open(order);
  if (!senders) return fail(senders.error());
  Report report{.offered = order.rate, .distinct = senders->distinct()};
  Status done = send_all(*senders, order, stop, report);
  if (done) done = hear_the_last(*senders, order, stop, report);
  if (!done) {
    report.ended = Ended::failed;
    report.failure = done.error().message();
  }
  return report;
}

} // namespace provisiond::flood
