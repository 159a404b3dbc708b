#pragma once

#include "flow/context.hpp"
#include "flow/departures.hpp"
#include "flow/installs.hpp"
#include "flow/passes.hpp"
#include "flow/rows.hpp"
#include "flow/sessions.hpp"
#include "handoff/change.hpp"
#include "handoff/peer_record.hpp"
#include "handoff/peer_view.hpp"
#include "kernel/wg_device.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

namespace provisiond::flow {

// A device that is there, as it was read.
struct Attachment {
  std::shared_ptr<const authenticate::InterfaceIdentity> identity;
  std::uint32_t ifindex = 0;
  std::uint16_t listen_port = 0; // host byte order
};

// A peer's life on a device, in order: the device acknowledges it, a pass shows its session, its
// row changes, it is idle, it leaves. Each of these is a part of its own; none calls one that
// stands above it here.
//
//   passes -> sessions, installs -> departures      what a device says
//   rows   -> sessions           -> departures      what the database says
//
// Loop thread.
class Life {
 public:
  explicit Life(Context& context)
      : context_{context}, departures_{context}, sessions_{context, departures_},
        installs_{context, departures_}, rows_{context, departures_, sessions_},
        passes_{context, departures_, sessions_, installs_} {
    for (Interface& interface : context.wiring.interfaces)
      interface.peers.publish(interface.id, context.wiring.installed_keys);
  }

  // A device is there, or has another key or port than before. Its peers follow as a pass.
  void attach(InterfaceId id, Attachment attachment);
  // It is gone, and all its peers with it.
  void detach(InterfaceId id);

  // The device is about to be read; this is what it has; and what is left of passes goes on as long
  // as there is anything, a slice at a time.
  void begin_pass(InterfaceId id);
  void take_pass(InterfaceId id, kernel::PeerList found, const Instant& now);
  void work_off_passes(const Instant& now) { passes_.go_on(now); }
  // Sends the questions about peers that wait; with every turn.
  void revalidate(const Instant& now) { rows_.ask(now); }
  [[nodiscard]] bool is_passing() const { return passes_.has_work(); }
  // Passes, questions or departures are not worked off: another turn should follow soon.
  [[nodiscard]] bool has_work() const;
  // Peers without a session yet, on all interfaces; while there are any, passes are wanted often.
  [[nodiscard]] std::size_t greeted() const { return context_.greetings.size(); }

  void changed(const Change& change, const Instant& now) { rows_.changed(change, now); }
  void answered(LookupAnswer& answer, const Instant& now);

  // Takes all peers that the database has given us off their devices, in the turns that follow and
  // until it answers again; how many there are. Others' stay.
  std::size_t remove_ours() { return departures_.remove_ours(); }
  void stop_removal() { departures_.stop_removal(); }

  // End of the loop's turn: what devices have acknowledged is taken, and what waits for a device
  // that is free is handed over.
  void commit(const Instant& now);

  [[nodiscard]] Installs& installs() { return installs_; }

 private:
  void hand_over(Interface& interface, const Instant& now);
  void take(peers::Acknowledgement&& acknowledgement, const Instant& now);
  void take(Interface& interface, const peers::Outcome& outcome, const Instant& now);

  Context& context_;
  Departures departures_;
  Sessions sessions_;
  Installs installs_;
  Rows rows_;
  Passes passes_;
};

} // namespace provisiond::flow
