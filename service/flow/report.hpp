#pragma once

#include "base/line_budget.hpp"
#include "base/public_key.hpp"
#include "base/rate.hpp"
#include "flow/interface.hpp"
#include "handoff/peer_life.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"
#include "metrics/metrics.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace provisiond::flow {

// Says what became of a sighting: one counter and one log line per outcome, by the name of its
// reason. What strangers can cause in any number is kept out of the log twice: noise (bad mac1,
// budgets, handshakes of installed peers) is logged at debug level only, and each reason has ten
// lines a minute, all together thirty beside each one's first; so has what happens to devices on
// trial. What is left out is counted and summed up once a minute. At 240 bytes a line, a flood by
// every reason at once writes less than a megabyte an hour at level info.
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
  // A device without a row: strangers can cause these.
  void installed_on_trial(const Interface& interface, const Sighting& sighting,
                          const PublicKey& key, TimePoint now);
  // `latency`: from the sighting to the first handshake, by the device's clock.
  void connected(const Interface& interface, const Sighting& sighting, const PublicKey& key,
                 Duration latency);
  // A device that passed its trial and is in the database now.
  void enrolled(const Interface& interface, const PublicKey& key);
  // A peer that was on the device; `reason` tells whether it was there on trial.
  void removed(const Interface& interface, const PublicKey& key, std::string_view reason);
  void evicted(const Interface& interface, const PublicKey& key, Eviction reason);
  // It left for a gateway that is called as we are; said once a minute.
  void has_same_name(const std::string& gateway, TimePoint now);
  // Somebody else took it off the device.
  void gone(const Interface& interface, const PublicKey& key);
  // A peer that was on the device before us, and has a row.
  void adopted(const Interface& interface, const PublicKey& key);
  // One of ours that has none any more, and stays for now; ten lines a second.
  void kept(const Interface& interface, const PublicKey& key, TimePoint now);
  // One that has none: it is left where it is.
  void foreign(const Interface& interface, const PublicKey& key);
  // In a dry run. What a peer that is there would undergo is said once, by the caller's care.
  void would_be_installed(const Interface& interface, const Sighting& sighting,
                          const PublicKey& key, TimePoint now);
  void would_be_changed(const Interface& interface, const PublicKey& key);
  void would_be_removed(const Interface& interface, const PublicKey& key, std::string_view reason);
  // Counts each of them that failed; what befell several in a row is said once.
  void device_errors(const Interface& interface, std::span<const Status> statuses);

  // Once a minute: one line for each reason of which lines were left out. To be called more often.
  void summarise(TimePoint now);

 private:
  // Kinds of lines: the refusals, two of devices on trial, and three of dry runs.
  static constexpr std::size_t trial_installed = refusal_names.size();
  static constexpr std::size_t trial_removed = trial_installed + 1;
  static constexpr std::size_t dry_installed = trial_removed + 1;
  static constexpr std::size_t dry_changed = dry_installed + 1;
  static constexpr std::size_t dry_removed = dry_changed + 1;
  using Budget = LineBudget<dry_removed + 1>;

  bool may_write(Budget& budget, std::size_t kind);
  static void tell_left_out(const Budget::Counts& left_out);

  metrics::Metrics& metrics_;
  Budget lines_;
  Budget noise_; // at debug level only
  TokenBucket kept_;
  TokenBucket same_name_;
};

} // namespace provisiond::flow
