#pragma once

#include "flow/context.hpp"
#include "flow/departures.hpp"
#include "flow/installs.hpp"
#include "flow/sessions.hpp"
#include "kernel/wg_device.hpp"
#include "peers/peer.hpp"

#include <cstddef>

namespace provisiond::flow {

// What a pass over a device tells, a slice at a time: which peers have a session now, which never
// will, which are there that something else put there, and which have been quiet for too long. At
// its end: which are gone, which could make room, and what the database is told. Loop thread.
class Passes {
 public:
  Passes(Context& context, Departures& departures, Sessions& sessions, Installs& installs)
      : context_{context}, departures_{departures}, sessions_{sessions}, installs_{installs} {}

  // The device is about to be read.
  void begin(Interface& interface);
  // This is what it has.
  void take(Interface& interface, kernel::PeerList found, const Instant& now);
  // Goes on with what is left of all passes.
  void go_on(const Instant& now);
  [[nodiscard]] bool has_work() const;
  void count_peers();

 private:
  void work_off(Interface& interface, const Instant& now);
  void work_off(Interface& interface, std::ptrdiff_t& left, const Instant& now);
  void see_some(Interface& interface, std::ptrdiff_t& left, const Instant& now);
  void see(Interface& interface, const kernel::PeerState& state, const Instant& now);
  [[nodiscard]] peers::Peer& adopt(Interface& interface, const kernel::PeerState& state,
                                   const Instant& now);
  void note_prefixes(Interface& interface, const peers::Peer& peer, const kernel::PeerState& state);
  void judge(Interface& interface, const PublicKey& key, peers::Peer& peer, const Instant& now);
  void ask_again(const Interface& interface, const PublicKey& key, const peers::Peer& peer,
                 const Instant& now);
  void begin_report(Interface& interface, const Instant& now);
  void begin_sweep(Interface& interface);
  void sweep(Interface& interface, std::ptrdiff_t& left);
  void sweep_peer(Interface& interface, const PublicKey& key);
  void end_sweep(Interface& interface);
  void look_after_greeted(Interface& interface, std::ptrdiff_t& left, const Instant& now);

  Context& context_;
  Departures& departures_;
  Sessions& sessions_;
  Installs& installs_;
};

} // namespace provisiond::flow
