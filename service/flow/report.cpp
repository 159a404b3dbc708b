#include "flow/report.hpp"

#include "base/log.hpp"

#include <fmt/format.h>

#include <string>

namespace provisiond::flow {

namespace {

constexpr Rate lines_per_reason{10, 20};

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
  case Refusal::lookup_in_flight:
    return true;
  default:
    return false;
  }
}

std::string milliseconds(Duration duration) {
  return fmt::format("{:.3f}", std::chrono::duration<double, std::milli>{duration}.count());
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
  metrics_.refusals[refusal].add();
  if (refusal != Refusal::never_connected && refusal != Refusal::trial_failed) {
    metrics_.decision_duration.observe(now - sighting.seen_at);
  }
  const log::Level level = is_noise(refusal) ? log::Level::debug : log::Level::info;
  if (!log::is_enabled(level)) return;
  Channel& channel = channels_[static_cast<std::size_t>(refusal)];
  if (!channel.bucket.take(lines_per_reason, now)) {
    ++channel.left_out;
    metrics_.log_lines_suppressed.add();
    return;
  }
  log::write(level, "refused",
             {{"reason", std::string{to_string(refusal)}},
              {"interface", interface.name},
              {"key", key ? key->to_string() : "-"},
              {"source", sighting.source.to_string()},
              {"seen_by", std::string{to_string(sighting.seen_by)}},
              {"after_ms", milliseconds(now - sighting.seen_at)}});
}

void Report::installed(const Interface& interface, const Sighting& sighting, const PublicKey& key,
                       TimePoint now) {
  metrics_.peers_installed.add();
  metrics_.decision_duration.observe(now - sighting.seen_at);
  log::info("installed", {{"interface", interface.name},
                          {"key", key.to_string()},
                          {"source", sighting.source.to_string()},
                          {"after_ms", milliseconds(now - sighting.seen_at)}});
}

void Report::connected(const Interface& interface, const Sighting& sighting, const PublicKey& key,
                       Duration latency) {
  metrics_.connected.add();
  metrics_.first_handshake_duration.observe(latency);
  log::info("connected", {{"interface", interface.name},
                          {"key", key.to_string()},
                          {"source", sighting.source.to_string()},
                          {"after_ms", milliseconds(latency)}});
}

void Report::enrolled(const Interface& interface, const PublicKey& key) {
  metrics_.enrolled.add();
  log::info("enrolled", {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::removed(const Interface& interface, const PublicKey& key, std::string_view reason) {
  metrics_.peers_removed.add();
  log::info(
      "removed",
      {{"interface", interface.name}, {"key", key.to_string()}, {"reason", std::string{reason}}});
}

void Report::evicted(const Interface& interface, const PublicKey& key, Eviction reason) {
  metrics_.evictions[reason].add();
  removed(interface, key, to_string(reason));
}

void Report::gone(const Interface& interface, const PublicKey& key) {
  log::info("removed by somebody else", {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::adopted(const Interface& interface, const PublicKey& key) {
  metrics_.peers_adopted.add();
  log::debug("adopted", {{"interface", interface.name}, {"key", key.to_string()}});
}

void Report::foreign(const Interface& interface, const PublicKey& key) {
  log::info("not in the database, left to whoever put it there",
            {{"interface", interface.name}, {"key", key.to_string()}});
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

void Report::summarise() {
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    Channel& channel = channels_[i];
    if (channel.left_out == 0) continue;
    log::info("refused, lines left out", {{"reason", std::string{refusal_names[i]}},
                                          {"count", std::to_string(channel.left_out)}});
    channel.left_out = 0;
  }
}

} // namespace provisiond::flow
