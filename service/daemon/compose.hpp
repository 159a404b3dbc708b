#pragma once

#include "base/result.hpp"
#include "events/probe_loader.hpp"
#include "settings/settings.hpp"

#include <memory>

namespace provisiond::daemon {

struct Backlog;

// The whole daemon, wired together. `run` serves until SIGTERM or SIGINT and leaves every peer
// where it is. `make` opens what needs rights or can be wrong from the start (raw sockets, metrics
// port, control socket), then confines the process, then makes its threads; a missing interface,
// event source or database is no failure, it is waited for.
class Daemon {
 public:
  // Nothing may have been logged yet: the log has a thread.
  static Result<std::unique_ptr<Daemon>> make(const settings::Settings& settings,
                                              std::unique_ptr<events::ProbeLoader> loader);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void run();

 private:
  struct Parts;
  explicit Daemon(std::unique_ptr<Parts> parts);

  void attach();
  void take_sightings();
  void tell_of_sources();
  void take_authenticated();
  void take_answers();
  void take_pool_events();
  void ask_again();
  void take_changes();
  void take_feed_events();
  void take_acknowledgements();
  void take_readings();
  void announce_interfaces();
  void take_link_events();
  void take_control_questions();
  void tick();
  [[nodiscard]] Backlog backlog() const;
  void keep_routes();
  void look();
  void check_sources();
  void summarise();
  void sample_gauges();
  void announce();

  std::unique_ptr<Parts> parts_;
};

} // namespace provisiond::daemon
