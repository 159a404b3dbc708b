#include "lookup/change_feed.hpp"

#include "lookup/schema_queries.hpp"

#include <sodium.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <thread>
#include <utility>

namespace provisiond::lookup {
namespace {

constexpr std::chrono::milliseconds retry_handing_over{100};
// Any role can send notifications, as many as it likes. The first one after a silence is followed
// at once; what comes sooner than this after a question is asked for together.
constexpr std::chrono::milliseconds between_questions{50};
constexpr std::chrono::milliseconds longest_probe{2'000}; // per host; libpq knows nothing shorter

postgres::RouteTimes times_of(const Limits& limits) {
  return {.connect_timeout = limits.connect_timeout, .tcp_user_timeout = limits.query_deadline};
}

// Many gateways do not look for the primary in step.
std::chrono::milliseconds time_to_next_probe() {
  constexpr std::uint32_t shortest = 5'000;
  return std::chrono::milliseconds{shortest + randombytes_uniform(shortest)};
}

} // namespace

Result<std::unique_ptr<ChangeFeed>> ChangeFeed::start(const Limits& limits, Networks& networks,
                                                      const Wiring& wiring) {
  std::unique_ptr<ChangeFeed> feed{new ChangeFeed{limits, networks, wiring}};
  const Status started = feed->thread_.start(
      {.stretch = [&f = *feed] { return f.work(); }, .end = [&f = *feed] { f.found_.reset(); }});
  if (!started) return fail(started.error());
  return feed;
}

ChangeFeed::ChangeFeed(const Limits& limits, Networks& networks, const Wiring& wiring)
    : limits_{limits}, route_{postgres::route_for_reading(limits.dsn, times_of(limits))},
      probe_route_{postgres::route_for_writing(
          limits.dsn, {.connect_timeout = std::min(limits.connect_timeout, longest_probe),
                       .tcp_user_timeout = limits.query_deadline})},
      networks_{networks}, wiring_{wiring}, keys_{networks, wiring.known_keys, wiring.metrics},
      thread_{{.name = "change-feed",
               .query_deadline = limits.query_deadline,
               .pause_minimum = limits.reconnect_minimum,
               .pause_maximum = limits.reconnect_maximum}} {}

ChangeFeed::Next ChangeFeed::work() {
  const Status ended = serve();
  has_primary_ = false;
  wiring_.metrics.change_feed_up.set(0);
  if (thread_.is_stopping()) return Next::end;
  if (ended) return Next::again;
  lost(ended.error());
  return Next::pause;
}

Result<std::unique_ptr<postgres::Connection>> ChangeFeed::open() {
  if (!found_) return thread_.connect(route_, serving_);
  serving_ = 1 - serving_;
  return std::move(found_);
}

// Ends well only when told to stop, or when it is to begin anew: there is a primary, the server is
// none any more, or it is another database.
Status ChangeFeed::serve() {
  const Result<std::unique_ptr<Connection>> connection = open();
  if (!connection) return fail(connection.error());
  const Result<Schema> schema = read_schema(**connection);
  if (!schema) return fail(schema.error());
  if (schema->problem) return fail(Error{*schema->problem});

  // In this order, so that nothing falls between: listen, note the position, ask for everything.
  const Result<std::optional<std::string>> why_not = listen(**connection);
  if (!why_not) return fail(why_not.error());
  const Result<bool> asked = find_networks(**connection, networks_);
  if (!asked) return fail(asked.error());
  Result<ChangeSet> now = changes_after(**connection, {});
  if (!now) return fail(now.error());
  hand_over_everything(now->position);

  thread_.note_success();
  identity_ = now->identity;
  has_primary_ = !(*connection)->is_standby();
  wiring_.metrics.change_feed_up.set(*why_not ? 0 : 1);
  static_cast<void>(
      wiring_.events.push({.kind = *why_not ? FeedEvent::Kind::polling : FeedEvent::Kind::listening,
                           .text = why_not->value_or((*connection)->where()),
                           .retry_in = {},
                           .identity = identity_}));
  return follow(**connection, {.position = std::move(now->position), .server = now->server});
}

Status ChangeFeed::follow(Connection& connection, Position position) {
  std::chrono::milliseconds to_next_probe = time_to_next_probe();
  TimePoint asked_at{};
  while (!thread_.is_stopping()) {
    std::chrono::milliseconds pause = owes_everything_ ? retry_handing_over : limits_.poll_interval;
    if (connection.is_standby()) pause = std::min(pause, to_next_probe);
    pause = std::min(
        pause, std::chrono::duration_cast<std::chrono::milliseconds>(keys_.pause(Clock::now())));
    const Status waited = connection.wait(pause);
    if (!waited) return waited;
    const Status read = read_keys(connection, asked_at + between_questions);
    if (!read) return read;
    std::this_thread::sleep_until(asked_at + between_questions);
    if (thread_.is_stopping()) break;
    asked_at = Clock::now();
    const Result<bool> goes_on = look_after(connection, position);
    if (!goes_on) return fail(goes_on.error());
    if (!*goes_on) return {};
    if (!connection.is_standby()) continue; // with a primary there is nothing to look for
    to_next_probe -= pause;
    if (to_next_probe > std::chrono::milliseconds::zero()) continue;
    if (find_primary()) return {};
    to_next_probe = time_to_next_probe();
  }
  return {};
}

// One page at least, where there are any to be read.
Status ChangeFeed::read_keys(Connection& connection, TimePoint until) {
  while (!thread_.is_stopping()) {
    const TimePoint now = Clock::now();
    if (keys_.pause(now) > Duration::zero()) return {};
    const Status read = keys_.step(connection);
    if (!read) return read;
    if (Clock::now() >= until) return {};
  }
  return {};
}

// What changed since; false when the server is a primary no longer, or only now, or it is another
// database.
Result<bool> ChangeFeed::look_after(Connection& connection, Position& position) {
  const bool was_standby = connection.is_standby();
  Result<ChangeSet> changes = changes_after(connection, position.position);
  if (!changes) return fail(changes.error());
  if (changes->server != position.server)
    return fail(Error{"read changes: another server answers now", ENOTCONN});
  wiring_.metrics.database_answers.add();
  if (connection.is_standby() != was_standby || changes->identity != identity_) return false;
  position.position = changes->position;
  const Status heard = hear(connection, *changes);
  if (!heard) return fail(heard.error());
  return true;
}

bool ChangeFeed::find_primary() {
  if (!route_.has_choice()) return false;
  Result<std::unique_ptr<Connection>> connection = thread_.connect(probe_route_, 1 - serving_);
  if (!connection || (*connection)->is_standby()) return false;
  found_ = std::move(*connection);
  return true;
}

// A network that gets another name is a change of all its keys under both; one that appears is
// none.
Status ChangeFeed::hear(Connection& connection, const ChangeSet& changes) {
  const bool may_be_renamed = std::ranges::any_of(
      changes.items, [](const ChangeSet::Item& item) { return !item.key.has_value(); });
  if (may_be_renamed || networks_.has_unknown()) {
    const Result<bool> has_new = find_networks(connection, networks_);
    if (!has_new) return fail(has_new.error());
    owes_everything_ = owes_everything_ || *has_new;
  }
  if (owes_everything_)
    hand_over_everything(changes.position);
  else
    hand_over(changes);
  return {};
}

void ChangeFeed::hand_over(const ChangeSet& set) {
  std::vector<Change> changes;
  for (const ChangeSet::Item& item : set.items) {
    for (const InterfaceId interface : networks_.interfaces_of(item.network)) {
      changes.push_back({.interface = interface, .key = item.key});
      if (item.key)
        keys_.heard({.interface = interface, .key = *item.key});
      else
        keys_.read_anew(interface);
    }
  }
  hand_over(std::move(changes), set.position);
}

void ChangeFeed::hand_over_everything(const std::string& position) {
  std::vector<Change> changes;
  const std::size_t interfaces = networks_.references()->size();
  for (std::size_t i = 0; i < interfaces; ++i) {
    const InterfaceId interface { static_cast<std::uint16_t>(i) };
    changes.push_back({.interface = interface, .key = std::nullopt});
    keys_.read_anew(interface);
  }
  hand_over(std::move(changes), position);
}

void ChangeFeed::hand_over(std::vector<Change> changes, const std::string& position) {
  owes_everything_ = false;
  if (!changes.empty()) changes.back().position = position;
  for (Change& change : changes) {
    metrics::Counter& counter = change.key ? wiring_.metrics.changes : wiring_.metrics.resyncs;
    if (!wiring_.changes.push(std::move(change))) {
      owes_everything_ = true;
      return;
    }
    counter.add();
  }
}

void ChangeFeed::lost(const Error& error) {
  const std::chrono::milliseconds delay = thread_.pause_after_failure();
  static_cast<void>(wiring_.events.push(
      {.kind = FeedEvent::Kind::lost, .text = error.message(), .retry_in = delay}));
}

} // namespace provisiond::lookup
