#include "asker.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <utility>

namespace provisiond::database_test {

using std::chrono::milliseconds;

Asker::Asker(const lookup::Limits& limits) {
  Result<std::unique_ptr<lookup::Pool>> pool = lookup::Pool::start(
      limits, networks_,
      {.requests = requests_, .answers = answers_, .events = events_, .metrics = metrics_});
  EXPECT_TRUE(pool) << pool.error().message();
  pool_ = std::move(pool.value());
}

bool Asker::wait_for(const std::function<bool()>& done) {
  const TimePoint ends_at = Clock::now() + std::chrono::seconds{10};
  while (!done()) {
    if (Clock::now() >= ends_at) return false;
    turn();
  }
  return true;
}

bool Asker::wait_until_connected(std::uint32_t sessions) {
  return wait_for([&] { return state().connected_sessions == sessions; });
}

void Asker::turn() {
  constexpr int interval_ms = 20;
  pollfd waiting{.fd = answers_.ready_fd(), .events = POLLIN, .revents = 0};
  ::poll(&waiting, 1, interval_ms);
  for (LookupAnswer& answer : answers_.drain(answers_.capacity())) {
    const bool is_first = answered_.emplace(answer.number, std::move(answer.verdict)).second;
    EXPECT_TRUE(is_first) << "number " << answer.number << " was answered twice";
  }
  pool_->tick(Clock::now());
}

lookup::Verdict Asker::ask(const PublicKey& key, std::uint16_t interface) {
  const std::uint64_t number = ++last_number_;
  EXPECT_TRUE(requests_.push({.interface = InterfaceId{interface},
                              .key = key,
                              .number = number,
                              .asked_at = Clock::now()}));
  EXPECT_TRUE(wait_for([&] { return answered_.contains(number); })) << "no answer";
  return std::move(answered_.extract(number).mapped());
}

std::vector<lookup::Verdict> Asker::ask_all(const std::vector<PublicKey>& keys) {
  const std::uint64_t first = last_number_ + 1;
  for (const PublicKey& key : keys)
    EXPECT_TRUE(requests_.push({.interface = InterfaceId{0},
                                .key = key,
                                .number = ++last_number_,
                                .asked_at = Clock::now()}));
  EXPECT_TRUE(wait_for([&] { return answered_.size() == keys.size(); })) << "answers are missing";
  std::vector<lookup::Verdict> verdicts;
  for (std::uint64_t number = first; number <= last_number_; ++number)
    verdicts.push_back(std::move(answered_.extract(number).mapped()));
  return verdicts;
}

std::string Asker::word(const PublicKey& key, std::uint16_t interface) {
  const lookup::Verdict verdict = ask(key, interface);
  const Refusal* const refusal = std::get_if<Refusal>(&verdict);
  return refusal == nullptr ? "found" : std::string{to_string(*refusal)};
}

lookup::Limits limits_for(const std::string& dsn) {
  return {.dsn = dsn,
          .sessions = 2,
          .batch_size = 128,
          .connect_timeout = milliseconds{2'000},
          .query_deadline = milliseconds{500},
          .reconnect_minimum = milliseconds{50},
          .reconnect_maximum = milliseconds{400}};
}

} // namespace provisiond::database_test
