#include "daemon/database_watch.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string>
#include <utility>

namespace provisiond::daemon {
namespace {

std::string in_seconds(Duration duration) {
  return fmt::format("{}s", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

} // namespace

DatabaseWatch::Sessions DatabaseWatch::sessions_of(lookup::Pool& pool,
                                                   lookup::ChangeFeed& change_feed) {
  return {.can_look_up = [&pool] { return pool.state().connected_sessions > 0; },
          .has_primary = [&change_feed] { return change_feed.has_primary(); },
          .hurry_look_ups = [&pool](TimePoint now) { pool.hurry(now); },
          .hurry_changes = [&change_feed](TimePoint now) { change_feed.hurry(now); },
          .return_to_primary = [&pool] { pool.return_to_primary(); }};
}

void DatabaseWatch::pass(const Instant& now) {
  note_answers(now);
  warn_of_missing_rows(now.steady);
  if (!wiring_.flow.first_contact().has_waiting(now)) return;
  if (wiring_.sessions.can_look_up())
    wiring_.flow.first_contact().resume_waiting(now);
  else
    wiring_.sessions.hurry_look_ups(now.steady);
}

void DatabaseWatch::connected(const Instant& now) {
  wiring_.sessions.hurry_changes(now.steady);
}

void DatabaseWatch::seek_primary() {
  if (wiring_.sessions.has_primary()) wiring_.sessions.return_to_primary();
}

void DatabaseWatch::note_answers(const Instant& now) {
  const std::optional<evict::Staleness::Transition> turn =
      staleness_.pass(wiring_.metrics.database_answers.value(), now.steady);
  if (!turn) return;
  switch (*turn) {
  case evict::Staleness::Transition::answered:
    wiring_.metrics.database_last_answer.set(
        std::chrono::duration_cast<std::chrono::seconds>(now.wall.time_since_epoch()).count());
    return;
  case evict::Staleness::Transition::warning:
    return log::warning("the database has not answered for half of database.max-stale",
                        {{"max_stale", in_seconds(limits_.max_stale)},
                         {"then", limits_.removes_peers ? "peers are removed" : "peers are kept"}});
  case evict::Staleness::Transition::stale:
    return become_stale();
  }
}

void DatabaseWatch::become_stale() {
  const std::size_t removed = limits_.removes_peers ? wiring_.flow.life().remove_ours() : 0;
  log::warning(
      "the database has not answered for database.max-stale",
      {{"max_stale", in_seconds(limits_.max_stale)}, {"removed_peers", std::to_string(removed)}});
}

void DatabaseWatch::found(const std::string& identity) {
  if (identity.empty() || identity == identity_) return;
  const bool was_found = !std::exchange(identity_, identity).empty();
  if (first_identity_.empty()) return take_for_ours(identity);
  if (!was_found && !is_another()) return; // as before the start
  wiring_.metrics.another_database.set(is_another() ? 1 : 0);
  if (is_another()) {
    wiring_.flow.follow_another_database();
    return log::warning("another database answers than before, no peer is removed because it does "
                        "not know it; wg-provisionctl accept-database when this is meant",
                        {{"before", first_identity_},
                         {"now", identity_},
                         {"max_missing", in_seconds(limits_.max_missing)}});
  }
  wiring_.flow.follow_first_database();
  log::info("the database is the one it was first", {{"identity", identity_}});
}

void DatabaseWatch::take_for_ours(const std::string& identity) {
  first_identity_ = identity;
  if (wiring_.keep) wiring_.keep(identity);
}

bool DatabaseWatch::accept(const std::string& identity) {
  if (identity.empty() || identity != identity_) return false;
  if (!is_another()) return true;
  log::warning("another database was accepted", {{"before", first_identity_}, {"now", identity}});
  take_for_ours(identity);
  wiring_.metrics.another_database.set(0);
  wiring_.flow.follow_first_database();
  return true;
}

// At once, and when more have come since; they come by the hundred.
void DatabaseWatch::warn_of_missing_rows(TimePoint now) {
  constexpr Duration between_lines = std::chrono::seconds{10};
  const std::int64_t missing = wiring_.metrics.missing_rows.value();
  if (missing < missing_rows_) missing_rows_ = missing;
  const bool is_first = missing_rows_ == 0;
  if (missing == missing_rows_) return;
  if (!is_first && now - missing_rows_told_at_ < between_lines) return;
  missing_rows_ = missing;
  missing_rows_told_at_ = now;
  log::warning("the database has neither rows nor tombstones of peers that it has given, they are "
               "kept until database.max-missing",
               {{"peers", std::to_string(missing)},
                {"max_missing", in_seconds(limits_.max_missing)},
                {"another_database", is_another() ? "yes" : "no"}});
}

} // namespace provisiond::daemon
