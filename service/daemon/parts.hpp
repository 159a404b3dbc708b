#pragma once

#include "base/line_budget.hpp"
#include "daemon/compose.hpp"
#include "daemon/control_desk.hpp"
#include "daemon/database_hosts.hpp"
#include "daemon/database_watch.hpp"
#include "daemon/device_threads.hpp"
#include "daemon/event_loop.hpp"
#include "daemon/event_sources.hpp"
#include "daemon/identity.hpp"
#include "daemon/interfaces.hpp"
#include "daemon/known_database.hpp"
#include "daemon/network_watch.hpp"
#include "daemon/notifier.hpp"
#include "daemon/remarks.hpp"
#include "daemon/routing.hpp"
#include "daemon/turns.hpp"
#include "events/cross_check.hpp"
#include "flow/authenticators.hpp"
#include "flow/flow.hpp"
#include "kernel/links.hpp"
#include "kernel/raw_sender.hpp"
#include "lookup/change_feed.hpp"
#include "lookup/known_keys.hpp"
#include "lookup/ledger.hpp"
#include "lookup/pool.hpp"
#include "lookup/report_queue.hpp"
#include "lookup/reporter.hpp"
#include "metrics/exposer.hpp"

#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// What the daemon is made of. For compose.cpp, which makes it, and turns.cpp, which lets it run.

namespace provisiond::daemon {

// What has to be opened before anything is built on it.
struct Opened {
  std::unique_ptr<metrics::Metrics> metrics;
  std::unique_ptr<metrics::Exposer> exposer; // none when switched off
  std::unique_ptr<events::ProbeLoader> loader;
  std::unique_ptr<events::SourceSet> sources;
  kernel::RawSender raw_sender;
  kernel::LinkMonitor links;
  std::optional<ControlSocket> control_socket; // none when switched off
  KnownDatabase known_database;
};

struct Daemon::Parts {
  Parts(const settings::Settings& configured, Opened&& handed_over);
  // Tells all threads of the database to stop before it waits for the first.
  ~Parts();
  Parts(const Parts&) = delete;
  Parts& operator=(const Parts&) = delete;
  Status start_control();

  settings::Settings settings;
  lookup::Gateway gateway;
  Opened opened;
  metrics::Metrics& metrics;
  EventLoop loop;
  TurnTimes turn_times{metrics.loop_turn};
  Notifier notifier{std::getenv("NOTIFY_SOCKET")}; // NOLINT(concurrency-mt-unsafe)

  Channel<flow::PendingHandshake> handshakes;       // loop -> authenticate
  Channel<flow::Authenticated> authenticated;       // authenticate -> loop
  Channel<LookupRequest> lookups;                   // loop -> lookup
  Channel<LookupAnswer> answers;                    // lookup -> loop
  Channel<lookup::PoolEvent> pool_events;           // lookup -> loop
  Channel<Change> changes;                          // change-feed -> loop
  Channel<lookup::FeedEvent> feed_events;           // change-feed -> loop
  Channel<peers::Acknowledgement> acknowledgements; // writers -> loop
  Channel<watch::Reading> readings;                 // readers -> loop
  Channel<control::Question> questions;             // control -> loop
  Channel<control::Answer> control_answers;         // loop -> control

  std::vector<flow::Interface> interfaces;
  lookup::Networks networks; // of the interfaces
  lookup::KnownKeys known_keys{settings.interfaces.size()};
  lookup::ReportQueue reports; // loop -> reporter
  events::RecentInitiations recent_initiations;
  events::CrossCheck cross_check;
  admit::SourceGate source_gate;
  admit::SourceGate proven_gate;
  Guarded<peers::InstalledKeys> installed_keys;
  Guarded<admit::NegativeCache> negative_cache;
  flow::KnownKeyGate known_key_gate;
  admit::ReplayMemory replay_memory;
  admit::KeyGate key_gate;
  admit::ClaimGate claim_gate;
  greet::Budget greet_budget;
  lookup::Ledger ledger;
  flow::Flow flow;
  Interfaces device_watch;
  ControlDesk control_desk;
  NetworkWatch network_watch;
  std::optional<DatabaseHosts> database_hosts; // where routes are kept
  Routing routing;

  // Threads last, so that they end first.
  flow::Authenticators authenticators;
  std::unique_ptr<DeviceThreads> device_threads; // of the interfaces
  std::unique_ptr<lookup::Pool> pool;
  std::unique_ptr<lookup::ChangeFeed> change_feed;
  std::unique_ptr<lookup::Reporter> reporter;
  std::unique_ptr<control::Server> control; // none when switched off
  std::unique_ptr<DatabaseWatch> database_watch;

  std::vector<Sighting> sightings;                 // reused by every read
  LineBudget<source_kind_names.size()> loss_lines; // of a source under a flood
  std::size_t served_interfaces = 0;               // as of the last announcement
  bool is_ready = false;
  bool counts_turns = false;
  DatabaseProblems database_problems;
};

} // namespace provisiond::daemon
