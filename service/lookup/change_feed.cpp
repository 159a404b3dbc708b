#include "lookup/change_feed.hpp"

#include "lookup/session.hpp"

#include <pthread.h>
#include <sodium.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace provisiond::lookup {
namespace {

constexpr std::chrono::milliseconds retry_handing_over{100};
// Any role can send notifications, as many as it likes. The first one after a silence is followed
// at once; what comes sooner than this after a question is asked for together.
constexpr std::chrono::milliseconds between_questions{50};
constexpr std::chrono::milliseconds longest_probe{2'000}; // per host; libpq knows nothing shorter

RouteTimes times_of(const Limits& limits) {
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
  try {
    feed->thread_ = std::thread{[f = feed.get()] { f->run(); }};
  } catch (const std::system_error& cause) {
    return fail(Error::system("start the change feed's thread", cause.code().value()));
  }
  return feed;
}

ChangeFeed::ChangeFeed(const Limits& limits, Networks& networks, const Wiring& wiring)
    : limits_{limits}, route_{route_for_reading(limits.dsn, times_of(limits))},
      probe_route_{route_for_writing(
          limits.dsn, {.connect_timeout = std::min(limits.connect_timeout, longest_probe),
                       .tcp_user_timeout = limits.query_deadline})},
      networks_{networks}, wiring_{wiring}, backoff_{limits.reconnect_minimum,
                                                     limits.reconnect_maximum,
                                                     randombytes_random()},
      watches_{QueryWatch{limits.query_deadline}, QueryWatch{limits.query_deadline}} {}

ChangeFeed::~ChangeFeed() {
  is_stopping_ = true;
  pause_.close();
  for (QueryWatch& watch : watches_)
    watch.cut();
  if (thread_.joinable()) thread_.join();
}

void ChangeFeed::tick(TimePoint now) {
  for (QueryWatch& watch : watches_)
    watch.tick(now);
  pause_.tick(now);
}

void ChangeFeed::run() {
  pthread_setname_np(pthread_self(), "change-feed");
  while (true) {
    const Status ended = serve();
    has_primary_ = false;
    wiring_.metrics.change_feed_up.set(0);
    if (is_stopping_) return;
    if (ended) continue;
    lost(ended.error());
    if (!pause_.wait()) return;
  }
}

Result<std::unique_ptr<Session>> ChangeFeed::open() {
  if (!found_) return Session::open(route_, watches_[serving_]);
  serving_ = 1 - serving_;
  return std::move(found_);
}

// Ends well only when told to stop, or when it is to begin anew: there is a primary, the server is
// none any more, or it is another database.
Status ChangeFeed::serve() {
  const Result<std::unique_ptr<Session>> session = open();
  if (!session) return fail(session.error());
  const Result<std::optional<std::string>> problem = (*session)->schema_problem();
  if (!problem) return fail(problem.error());
  if (*problem) return fail(Error{**problem});

  // In this order, so that nothing falls between: listen, note the position, ask for everything.
  const Result<std::optional<std::string>> why_not = (*session)->listen();
  if (!why_not) return fail(why_not.error());
  const Result<bool> asked = (*session)->find_networks(networks_);
  if (!asked) return fail(asked.error());
  Result<News> position = (*session)->changes_after({});
  if (!position) return fail(position.error());
  hand_over_everything(position->position);

  backoff_.reset();
  has_primary_ = !(*session)->is_standby();
  wiring_.metrics.change_feed_up.set(*why_not ? 0 : 1);
  static_cast<void>(
      wiring_.events.push({.kind = *why_not ? FeedEvent::Kind::polling : FeedEvent::Kind::listening,
                           .text = why_not->value_or((*session)->where()),
                           .retry_in = {},
                           .identity = (*session)->identity()}));
  return follow(**session, std::move(position->position));
}

Status ChangeFeed::follow(Session& session, std::string position) {
  const bool was_standby = session.is_standby();
  const std::string identity = session.identity();
  std::chrono::milliseconds to_next_probe = time_to_next_probe();
  TimePoint asked_at{};
  while (!is_stopping_) {
    std::chrono::milliseconds pause = owes_everything_ ? retry_handing_over : limits_.poll_interval;
    if (session.is_standby()) pause = std::min(pause, to_next_probe);
    const Status waited = session.wait(pause);
    if (!waited) return waited;
    std::this_thread::sleep_until(asked_at + between_questions);
    if (is_stopping_) break;
    asked_at = Clock::now();
    Result<News> news = session.changes_after(position);
    if (!news) return fail(news.error());
    wiring_.metrics.database_answers.add();
    if (session.is_standby() != was_standby || session.identity() != identity) return {};
    position = news->position;
    const Status heard = hear(session, *news);
    if (!heard) return heard;
    if (!session.is_standby()) continue; // with a primary there is nothing to look for
    to_next_probe -= pause;
    if (to_next_probe > std::chrono::milliseconds::zero()) continue;
    if (find_primary()) return {};
    to_next_probe = time_to_next_probe();
  }
  return {};
}

bool ChangeFeed::find_primary() {
  if (!route_.has_choice()) return false;
  Result<std::unique_ptr<Session>> session = Session::open(probe_route_, spare_watch());
  if (!session || (*session)->is_standby()) return false;
  found_ = std::move(*session);
  return true;
}

// A network that gets another name is a change of all its keys under both; one that appears is
// none.
Status ChangeFeed::hear(Session& session, const News& news) {
  const bool may_be_renamed =
      std::ranges::any_of(news.items, [](const News::Item& item) { return !item.key.has_value(); });
  if (may_be_renamed || networks_.has_unknown()) {
    const Result<bool> has_new = session.find_networks(networks_);
    if (!has_new) return fail(has_new.error());
    owes_everything_ = owes_everything_ || *has_new;
  }
  if (owes_everything_)
    hand_over_everything(news.position);
  else
    hand_over(news);
  return {};
}

void ChangeFeed::hand_over(const News& news) {
  std::vector<Change> changes;
  for (const News::Item& item : news.items) {
    for (const InterfaceId interface : networks_.interfaces_of(item.network))
      changes.push_back({.interface = interface, .key = item.key});
  }
  hand_over(std::move(changes), news.position);
}

void ChangeFeed::hand_over_everything(const std::string& position) {
  std::vector<Change> changes;
  const std::size_t interfaces = networks_.references()->size();
  for (std::size_t i = 0; i < interfaces; ++i)
    changes.push_back({.interface = {static_cast<std::uint16_t>(i)}, .key = std::nullopt});
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
  const std::chrono::milliseconds delay = backoff_.next();
  pause_.begin(delay);
  static_cast<void>(wiring_.events.push(
      {.kind = FeedEvent::Kind::lost, .text = error.message(), .retry_in = delay}));
}

} // namespace provisiond::lookup
