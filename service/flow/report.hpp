#pragma once

#include "base/public_key.hpp"
#include "base/rate.hpp"
#include "flow/interface.hpp"
#include "handoff/peer_life.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"
#include "metrics/metrics.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace provisiond::flow {

// Says what became of a sighting: one counter and one log line per outcome, by the name of its
// reason. What strangers can cause in any number is kept out of the log twice: noise (bad mac1,
// budgets, handshakes of installed peers) is logged at debug level only, and each reason has ten
// lines a second; what is left out is counted and summed up by `summarise`.
//
// Loop thread. Fixed memory.
class Report {
 public:
  explicit Report(metrics::Metrics& metrics) : metrics_{metrics} {}

  // How far a sighting has come ("proven", "found"); debug level, because it is not its end.
  void progress(std::string_view step, const Interface& interface, const Sighting& sighting,
                const PublicKey& key, TimePoint now);
  void refused(const Interface& interface, const Sighting& sighting, Refusal refusal,
               std::optional<PublicKey> key, TimePoint now);
  void installed(const Interface& interface, const Sighting& sighting, const PublicKey& key,
                 TimePoint now);
  // `latency`: from the sighting to the first handshake, by the device's clock.
  void connected(const Interface& interface, const Sighting& sighting, const PublicKey& key,
                 Duration latency);
  // A device that passed its trial and is in the database now.
  void enrolled(const Interface& interface, const PublicKey& key);
  // A peer that was on the device.
  void removed(const Interface& interface, const PublicKey& key, std::string_view reason);
  void evicted(const Interface& interface, const PublicKey& key, Eviction reason);
  // Somebody else took it off the device.
  void gone(const Interface& interface, const PublicKey& key);
  // A peer that was on the device before us, and has a row.
  void adopted(const Interface& interface, const PublicKey& key);
  // One that has none: somebody else's.
  void foreign(const Interface& interface, const PublicKey& key);
  // Counts each of them that failed; what befell several in a row is said once.
  void device_errors(const Interface& interface, std::span<const Status> statuses);

  // Once per interval: one line for each reason of which lines were left out since the last call.
  void summarise();

 private:
  struct Channel {
    TokenBucket bucket;
    std::uint64_t left_out = 0;
  };

  metrics::Metrics& metrics_;
  std::array<Channel, refusal_names.size()> channels_{};
};

} // namespace provisiond::flow
