#include "flow/report.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <string>

namespace provisiond::flow {

namespace {

constexpr Rate once_a_minute{1.0 / 60, 1};
constexpr Rate kept_lines{0.2, 10}; // with a database that lost its rows there are as many as peers

// Strangers and busy peers cause these in any number, and they need no attention one by one.
bool is_noise(Refusal refusal) {
  switch (refusal) {
  case Refusal::draining:
  case Refusal::bad_mac1:
  case Refusal::cookie_required:
  case Refusal::duplicate:
  case Refusal::source_budget:
  case Refusal::prefix_budget:
  case Refusal::global_budget:
  case Refusal::authenticate_queue_full:
  case Refusal::undecryptable_static:
  case Refusal::already_installed:
  case Refusal::known_refused:
  case Refusal::not_in_filter:
  case Refusal::lookup_in_flight:
    return true;
  default:
    return false;
  }
}

std::string milliseconds(Duration duration) {
  return fmt::format("{:.3f}", std::chrono::duration<double, std::milli>{duration}.count());
}

void log_installed(const Interface& interface, const Sighting& sighting, const PublicKey& key,
                   TimePoint now) {
  log::info("installed", {{"interface", interface.name},
                          {"key", key.to_string()},
                          {"source", sighting.source.to_string()},
                          {"after_ms", milliseconds(now - sighting.seen_at)}});
}

} // namespace

void Report::progress(std::string_view step, const Interface& interface, const Sighting& sighting,
                      const PublicKey& key, TimePoint now) {
  if (!log::is_enabled(log::Level::debug)) return;
  log::debug(step, {{"interface", interface.name},
                    {"key", key.to_string()},
                    {"source", sighting.source.to_string()},
                    {"seen_by", std::string{to_string(sighting.seen_by)}},
                    {"after_ms", milliseconds(now - sighting.seen_at)}});
}

void Report::refused(const Interface& interface, const Sighting& sighting, Refusal refusal,
                     std::optional<PublicKey> key, TimePoint now) {
  (interface.is_dry_run ? metrics_.dry_run_refusals : metrics_.refusals)[refusal].add();
  if (refusal != Refusal::never_connected && refusal != Refusal::trial_failed) {
    metrics_.decision_duration.observe(now - sighting.seen_at);
  }
  const bool is_debug = is_noise(refusal);
  const log::Level level = is_debug ? log::Level::debug : log::Level::info;
  if (!log::is_enabled(level)) return;
  if (!may_write(is_debug ? noise_ : lines_, static_cast<std::size_t>(refusal))) return;
  log::write(level, interface.is_dry_run ? "dry_run, would be refused" : "refused",
             {{"reason", std::string{to_string(refusal)}},
              {"interface", interface.name},
              {"key", key ? key->to_string() : "-"},
              {"source", sighting.source.to_string()},
              {"seen_by", std::string{to_string(sighting.seen_by)}},
              {"after_ms", milliseconds(now - sighting.seen_at)}});
}

bool Report::may_write(Budget& budget, std::size_t kind) {
  if (budget.take(kind)) return true;
  metrics_.log_lines_suppressed.add();
  return false;
}

void Report::installed(const Interface& interface, const Sighting& sighting, const PublicKey& key,
                       TimePoint now) {
  metrics_.peers_installed.add();
  metrics_.decision_duration.observe(now - sighting.seen_at);
  log_installed(interface, sighting, key, now);
}

void Report::installed_on_trial(const Interface& interface, const Sighting& sighting,
                                const PublicKey& key, TimePoint now) {
  metrics_.peers_installed.add();
  metrics_.decision_duration.observe(now - sighting.seen_at);
  if (may_write(lines_, trial_installed)) log_installed(interface, sighting, key, now);
}

void Report::connected(const Interface& interface, const Sighting& sighting, const PublicKey& key,
                       Duration latency) {
  metrics_.peers_connected.add();
  metrics_.first_handshake_duration.observe(latency);
  log::info("connected", {{"interface", interface.name},
                          {"key", key.to_string()},
                          {"source", sighting.source.to_string()},
                          {"after_ms", milliseconds(latency)}});
}

void Report::enrolled(const Interface& interface, const PublicKey& key) {
  metrics_.peers_enrolled.add();
  log::info("enrolled", {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::removed(const Interface& interface, const PublicKey& key, std::string_view reason) {
  metrics_.peers_removed.add();
  if (reason == to_string(Refusal::trial_failed) && !may_write(lines_, trial_removed)) return;
  log::info(
      "removed",
      {{"interface", interface.name}, {"key", key.to_string()}, {"reason", std::string{reason}}});
}

void Report::evicted(const Interface& interface, const PublicKey& key, Eviction reason) {
  metrics_.evictions[reason].add();
  removed(interface, key, to_string(reason));
}

void Report::has_same_name(const std::string& gateway, TimePoint now) {
  if (!same_name_.take(once_a_minute, now)) return;
  log::warning("a peer has gone to another gateway with the same name",
               {{"name", gateway}, {"remedy", "set gateway: in the settings of one of them"}});
}

void Report::gone(const Interface& interface, const PublicKey& key) {
  log::info("removed by somebody else", {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::adopted(const Interface& interface, const PublicKey& key) {
  metrics_.peers_adopted.add();
  log::debug("adopted", {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::kept(const Interface& interface, const PublicKey& key, TimePoint now) {
  if (!kept_.take(kept_lines, now)) return metrics_.log_lines_suppressed.add();
  log::info("the database has neither its row nor a tombstone, kept",
            {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::foreign(const Interface& interface, const PublicKey& key) {
  log::info("not in the database, left to whoever put it there",
            {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::would_be_installed(const Interface& interface, const Sighting& sighting,
                                const PublicKey& key, TimePoint now) {
  metrics_.dry_run_installs.add();
  metrics_.decision_duration.observe(now - sighting.seen_at);
  if (!may_write(lines_, dry_installed)) return;
  log::info("dry_run, would be installed", {{"interface", interface.name},
                                            {"key", key.to_string()},
                                            {"source", sighting.source.to_string()},
                                            {"after_ms", milliseconds(now - sighting.seen_at)}});
}

void Report::would_be_changed(const Interface& interface, const PublicKey& key) {
  metrics_.dry_run_changes.add();
  if (!may_write(lines_, dry_changed)) return;
  log::info("dry_run, would be changed to fit its row",
            {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::would_be_removed(const Interface& interface, const PublicKey& key,
                              std::string_view reason) {
  metrics_.dry_run_removals.add();
  if (!may_write(lines_, dry_removed)) return;
  log::info(
      "dry_run, would be removed",
      {{"interface", interface.name}, {"key", key.to_string()}, {"reason", std::string{reason}}});
}

void Report::device_errors(const Interface& interface, std::span<const Status> statuses) {
  std::string_view told;
  for (const Status& status : statuses) {
    if (status) continue;
    metrics_.device_errors.add();
    if (status.error().message() == told) continue;
    told = status.error().message();
    log::warning("device error", {{"interface", interface.name}, {"error", std::string{told}}});
  }
}

void Report::summarise(TimePoint now) {
  Budget::Counts left_out{};
  if (lines_.next_minute(now, left_out)) tell_left_out(left_out);
  if (noise_.next_minute(now, left_out)) tell_left_out(left_out);
}

void Report::tell_left_out(const Budget::Counts& left_out) {
  const auto tell = [](std::string_view event, std::string_view reason, std::uint64_t count) {
    if (count > 0)
      log::info(event, {{"reason", std::string{reason}}, {"count", std::to_string(count)}});
  };
  for (std::size_t i = 0; i < refusal_names.size(); ++i)
    tell("refused, lines left out", refusal_names[i], left_out[i]);
  tell("installed, lines left out", "on_trial", left_out[trial_installed]);
  tell("removed, lines left out", to_string(Refusal::trial_failed), left_out[trial_removed]);
  tell("dry_run, lines left out", "installed", left_out[dry_installed]);
  tell("dry_run, lines left out", "changed", left_out[dry_changed]);
  tell("dry_run, lines left out", "removed", left_out[dry_removed]);
}

} // namespace provisiond::flow
