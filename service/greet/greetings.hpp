#pragma once

#include "base/clock.hpp"
#include "base/rate.hpp"
#include "greet/budget.hpp"
#include "greet/resubmit.hpp"
#include "greet/reverse.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"
#include "metrics/metrics.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace provisiond::greet {

// Which greeting an interface uses. `automatic`: resubmit, then reverse when no session follows.
enum class GreetingMode : std::uint8_t { reverse, resubmit, automatic };

// How a peer is to be greeted.
struct Plan {
  GreetingMode mode = GreetingMode::reverse;
  // The peer may have its session on another gateway: it is never initiated to.
  bool may_be_elsewhere = false;
  bool is_on_trial = false;
  std::uint16_t keepalive_seconds = 0;
};

// A peer that has been decided on and has no session yet.
struct GreetedPeer {
  Sighting sighting;
  KeepalivePolicy policy;
  Strategy strategy = Strategy::reverse;
  bool is_on_trial = false; // in the database once it has a session
  bool falls_back = false;  // resubmission turns into a reverse handshake when nothing follows
  unsigned greetings = 0;   // so far
  TimePoint greet_again_at{};
  std::optional<TimePoint> installed_at{}; // none: the device has not acknowledged it
};

// The peers between the decision to install them and their first handshake: strategy, attempts and
// deadline of each.
//
//   planned -> installed, greeted -> connected   (session seen)
//                               `-> its time is over (deadline: removed from the device)
//
// A peer is greeted three times at most. The first greeting is lost when the device was not up yet;
// a repeated one costs little, because a device sends one initiation per peer in 5 s at most
// (REKEY_TIMEOUT). So a reverse handshake that is lost on the way, or that crosses the client's
// own, is made up for by the next try of the device or the client, as between any two that know
// each other. A peer made anew would initiate at once, and might cost a session that no pass has
// shown.
//
// Loop thread. Bounded by the interfaces' max-peers; about 450 bytes a peer, for the deadline at
// most.
class Greetings {
 public:
  static constexpr unsigned most = 3;

  struct Limits {
    Duration deadline = std::chrono::seconds{15}; // from the install to the first session
    Duration patience = std::chrono::seconds{1};  // then the peer is greeted again
    // Devices that nothing has added to the database: they are let in by strangers.
    Duration trial_deadline = std::chrono::seconds{5};
    std::size_t most_trials = 32; // at a time
    Rate trials{5, 32};
  };

  // `sender`, `budget` and `metrics` outlive it.
  Greetings(kernel::PacketSender& sender, Budget& budget, const Limits& limits,
            metrics::Metrics& metrics)
      : resubmit_{sender}, budget_{budget}, limits_{limits}, metrics_{metrics} {}

  // Whether there is room for one more trial, and takes it.
  [[nodiscard]] std::optional<Refusal> admit_trial(TimePoint now);
  // Plans a peer's greeting. `changes` begins with the one that creates it, and gets what the
  // greeting needs. Refused when the reflection budget is spent.
  [[nodiscard]] std::optional<Refusal> plan(const PeerId& id, const Sighting& sighting,
                                            const Plan& plan,
                                            std::vector<kernel::PeerChange>& changes,
                                            TimePoint now);
  // What `plan` would refuse it for; takes nothing.
  [[nodiscard]] std::optional<Refusal> foresee(const Sighting& sighting, const Plan& plan,
                                               TimePoint now) const;
  // The device has the peer: its first greeting begins.
  Status begin(GreetedPeer& peer, TimePoint now);
  // A greeting is due once more: what the device is to change for it. Empty: not now, not any more,
  // or nothing. `start` follows.
  [[nodiscard]] std::vector<kernel::PeerChange> prepare_again(GreetedPeer& peer, TimePoint now);
  Status start(const GreetedPeer& peer);
  // What the device is to change when the session is there.
  [[nodiscard]] std::vector<kernel::PeerChange> on_session(const GreetedPeer& peer) const;

  [[nodiscard]] GreetedPeer* find(const PeerId& id);
  [[nodiscard]] const GreetedPeer* find(const PeerId& id) const;
  // Its row says this now.
  void follow(GreetedPeer& peer, std::uint16_t keepalive_seconds, bool is_on_trial);
  [[nodiscard]] bool is_over(const GreetedPeer& peer, TimePoint now) const;
  // Until its deadline; nullopt: the device has not acknowledged it.
  [[nodiscard]] std::optional<Duration> time_left(const GreetedPeer& peer, TimePoint now) const;
  // It leaves, whatever the reason.
  std::optional<GreetedPeer> end(const PeerId& id);
  std::vector<std::pair<PublicKey, GreetedPeer>> end_all(InterfaceId interface);

  [[nodiscard]] std::vector<PublicKey> keys_of(InterfaceId interface) const;
  [[nodiscard]] std::size_t size() const { return peers_.size(); }

 private:
  [[nodiscard]] Greeting& greeting_of(Strategy strategy);
  [[nodiscard]] const Greeting& greeting_of(Strategy strategy) const;
  void count(GreetedPeer& peer, TimePoint now);

  ReverseGreeting reverse_;
  ResubmitGreeting resubmit_;
  Budget& budget_;
  Limits limits_;
  metrics::Metrics& metrics_;
  std::unordered_map<PeerId, GreetedPeer, PeerIdHash> peers_;
  std::size_t trials_ = 0; // of `peers_`
  TokenBucket trial_rate_;
};

} // namespace provisiond::greet
