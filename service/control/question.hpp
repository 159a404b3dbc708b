#pragma once

#include "base/clock.hpp"
#include "base/endpoint.hpp"
#include "base/public_key.hpp"
#include "handoff/attack_order.hpp"
#include "handoff/explanation.hpp"
#include "handoff/peer_id.hpp"
#include "handoff/peer_view.hpp"
#include "handoff/peer_walk.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

// What the control thread asks the loop, and what it is told. Each question costs the loop a part
// of one turn, whatever the clients do: a list of peers is asked for in slices.

namespace provisiond::control {

// Peers in one answer. A slice costs the loop a table look-up per peer.
inline constexpr std::size_t most_peers_per_question = 2000;

struct OverviewQuestion {};

// A slice of who is on the interface. Asked with the rest of each answer until there is none, it
// tells everybody who stays meanwhile, once; see PeerWalk.
struct PeersQuestion {
  InterfaceId interface;
  std::optional<PeerWalk> walk; // none: from the beginning
};

struct DrainQuestion {
  bool begins = true; // false: ends
};

// The database that was found last is the right one.
struct AcceptQuestion {
  std::string identity; // which one is meant
};

// What a handshake of this key would meet now, at each interface. Costs a few look-ups in tables
// for each.
struct KeyQuestion {
  PublicKey key;
  std::optional<InterfaceId> interface {}; // none: all
};

// The same of a source address.
struct SourceQuestion {
  IpAddress address;
};

// The operator's word on the attack mode, until the next one or the end of the daemon.
struct AttackQuestion {
  AttackOrder order{};
};

struct InterfaceOverview {
  std::string name;
  std::string network;
  std::optional<bool> is_network_found{}; // nullopt: the database has not been asked
  bool is_present = false;
  std::string source; // of first packets; empty: none
  std::size_t peers = 0;
  std::size_t greeted = 0; // without a session yet
  bool is_dry_run = false;
};

// What the database knows of us, and we of it.
struct NetworkOverview {
  std::string name{};             // as the database calls it now
  std::optional<bool> is_found{}; // nullopt: the database has not been asked
};
struct DatabaseOverview {
  std::size_t sessions = 0;
  std::string gateway{};                // our name
  std::vector<std::string> same_name{}; // host names of others that are alive under it
  bool is_refused = false;              // one of them had it first
  std::vector<NetworkOverview> networks{};
  std::string identity{};       // empty: not known yet
  bool is_another = false;      // than the one that answered first
  std::size_t missing_rows = 0; // peers that are kept although it does not know them
  std::string problem{};        // why it cannot be used, or a session cannot; empty: none
};

struct Overview {
  std::string version{};
  std::chrono::seconds uptime{};
  bool is_draining = false;
  Duration longest_turn{}; // of the loop, since the start
  DatabaseOverview database{};
  std::vector<InterfaceOverview> interfaces{};
  bool is_attack_mode = false;
  AttackOrder attack_order{};
};

// How it is now: the daemon drains, or it does not.
struct DrainAnswer {
  bool is_draining = false;
};

struct AcceptAnswer {
  bool is_accepted = false; // false: it is not the one that was found last
};

struct AttackAnswer {
  bool is_accepted = false; // false: the settings know no cookies
  bool is_on = false;
};

struct KeyAnswer {
  std::vector<KeyExplanation> interfaces;
};

using QuestionBody = std::variant<OverviewQuestion, PeersQuestion, DrainQuestion, AcceptQuestion,
                                  AttackQuestion, KeyQuestion, SourceQuestion>;
using AnswerBody = std::variant<Overview, PeerSlice, DrainAnswer, AcceptAnswer, AttackAnswer,
                                KeyAnswer, SourceExplanation>;

// control -> loop and back; `ticket` says which client waits for it.
struct Question {
  std::uint64_t ticket = 0;
  QuestionBody body;
};
struct Answer {
  std::uint64_t ticket = 0;
  AnswerBody body;
};

} // namespace provisiond::control
