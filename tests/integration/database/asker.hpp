#pragma once

#include "lookup/pool.hpp"
#include "lookup/record.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace provisiond::database_test {

// A pool with its channels, and the loop's part: ticks it in real time while it waits.
class Asker {
 public:
  explicit Asker(const lookup::Limits& limits);

  // Ticks until `done`, at most ten seconds. False when it never was.
  bool wait_for(const std::function<bool()>& done);
  bool wait_until_connected(std::uint32_t sessions);

  // Asks for one key and waits for its answer.
  lookup::Verdict ask(const PublicKey& key, std::uint16_t interface = 0);
  // Asks for all keys at once; the verdicts in the same order.
  std::vector<lookup::Verdict> ask_all(const std::vector<PublicKey>& keys);
  // What `ask` says, as a word: "found" or the refusal's name.
  std::string word(const PublicKey& key, std::uint16_t interface = 0);

  [[nodiscard]] lookup::PoolState state() const { return pool_->state(); }
  [[nodiscard]] const metrics::Metrics& metrics() const { return metrics_; }
  // Everything that happened since the last call.
  std::vector<lookup::PoolEvent> events() { return events_.drain(events_.capacity()); }

 private:
  void turn();

  metrics::Metrics metrics_;
  lookup::Networks networks_{{"office", "fleet"}};
  Channel<LookupRequest> requests_{1024};
  Channel<LookupAnswer> answers_{2048};
  Channel<lookup::PoolEvent> events_{256};
  std::map<std::uint64_t, lookup::Verdict> answered_; // by number
  std::uint64_t last_number_ = 0;
  std::unique_ptr<lookup::Pool> pool_;
};

// Quick limits for tests: two sessions, a deadline of half a second.
lookup::Limits limits_for(const std::string& dsn);

} // namespace provisiond::database_test
