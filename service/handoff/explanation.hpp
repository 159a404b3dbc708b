#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "base/rate.hpp"
#include "handoff/peer_view.hpp"
#include "handoff/refusal.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What the gates would say now, and what was said last, for people to look at. Data only; texts
// without an owner have static storage.

namespace provisiond {

// A budget and what it is for: "192.0.2.2/32", "all".
struct ScopedBudget {
  std::string scope;
  BudgetView budget;
};

// How one of the budgets of sources stands for an address: in the order in which they are taken
// from. Shared addresses have only the last of them.
struct SourceView {
  std::vector<ScopedBudget> budgets;
  std::optional<Refusal> refusal; // what the gate would say now
};

// What a handshake from an address would meet.
struct SourceExplanation {
  IpAddress address{};
  IpAddress counts_as{}; // the one that is embedded, of a translated one
  bool is_shared = false;
  SourceView unproven;      // for senders that have not shown that they receive there
  SourceView proven;        // for those that have
  ScopedBudget greetings{}; // towards its network
  bool demands_cookies = true;
  bool is_loaded = false;
  bool is_attack_mode = false;
  // What one without a cookie, and one with it, is told; nullopt: it goes on.
  std::optional<Refusal> without_cookie{};
  std::optional<Refusal> with_cookie{};
};

// What one gate would say of a key.
struct GateView {
  std::string_view gate;
  std::optional<Refusal> refusal{};    // nullopt: it lets pass
  std::optional<Refusal> because{};    // known_refused: what the database said; not_in_filter
  std::optional<Duration> time_left{}; // of a refusal that ends by itself
  std::optional<BudgetView> budget{};
};

// What became of a key.
struct LastWord {
  std::string_view event;  // refused, installed, connected, removed
  std::string_view reason; // empty: none
  std::optional<Endpoint> source{};
  TimePoint at{};
};

// A peer on the device, and what comes next if nothing happens.
struct PeerCloseUp {
  PeerView view;
  bool is_on_trial = false;
  bool is_handed_over = false;  // leaving: its removal is on the way
  std::string_view leaves_as{}; // leaving: why
  std::string_view next{};      // never_connected, idle, ...; empty: nothing
  std::optional<Duration> next_in{};
  unsigned greetings = 0; // so far, while it is greeted
  std::optional<WallTime> expires_at{};
  std::optional<Duration> missing_for{}; // the database has neither its row nor a tombstone
};

// What a handshake with a key would meet at an interface, in the order of the gates.
struct KeyExplanation {
  InterfaceId interface;
  PublicKey key;
  std::vector<GateView> gates{};
  bool is_dry_run = false;         // nothing comes of it
  bool is_asked_for = false;       // a look-up is under way
  bool waits_for_database = false; // it was refused because the database was away
  std::optional<Tai64n> newest_initiation{};
  std::optional<PeerCloseUp> peer{};
  std::optional<LastWord> last{};         // of a sender that holds the key
  std::optional<LastWord> last_claimed{}; // of one that has not shown it

  // The first gate that says no.
  [[nodiscard]] const GateView* refusing() const {
    for (const GateView& gate : gates)
      if (gate.refusal) return &gate;
    return nullptr;
  }
};

} // namespace provisiond
