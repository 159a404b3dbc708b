#include "control/protocol.hpp"
#include "control/times.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>

namespace provisiond::control {
namespace {

using nlohmann::ordered_json;

constexpr std::int64_t tai64_epoch =
    4'611'686'018'427'387'904; // 2^62 + 10 s: TAI64, white paper 5.4.2
constexpr std::int64_t tai64_offset = 10;

std::string line_from(const ordered_json& value) {
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

ordered_json or_null(std::string_view text) {
  return text.empty() ? ordered_json(nullptr) : ordered_json(text);
}

ordered_json or_null(const std::optional<std::string>& text) {
  return text ? ordered_json(*text) : ordered_json(nullptr);
}

ordered_json or_null(const std::optional<Duration>& duration) {
  return duration ? ordered_json(fractional_seconds(*duration)) : ordered_json(nullptr);
}

std::string_view verdict_of(const std::optional<Refusal>& refusal) {
  return refusal ? to_string(*refusal) : std::string_view{"passes"};
}

void add_budget(ordered_json& value, const BudgetView& budget) {
  value["left"] = budget.left;
  value["burst"] = budget.rate.burst;
  value["per_second"] = budget.rate.per_second;
  value["full_in_seconds"] = fractional_seconds(budget.full_in);
}

ordered_json gate_value(const GateView& gate) {
  ordered_json value{{"gate", gate.gate}, {"says", verdict_of(gate.refusal)}};
  if (gate.because) value["because"] = to_string(*gate.because);
  if (gate.time_left) value["seconds_left"] = fractional_seconds(*gate.time_left);
  if (gate.budget) add_budget(value, *gate.budget);
  return value;
}

ordered_json word_value(const std::optional<LastWord>& word, TimePoint now) {
  if (!word) return nullptr;
  return ordered_json{
      {"event", word->event},
      {"reason", or_null(word->reason)},
      {"source", word->source ? ordered_json(word->source->to_string()) : ordered_json(nullptr)},
      {"seconds_ago", fractional_seconds(now - word->at)}};
}

ordered_json peer_value(const std::optional<PeerCloseUp>& peer) {
  if (!peer) return nullptr;
  const PeerView& view = peer->view;
  return ordered_json{
      {"state", to_string(view.stage)},
      {"ours", view.is_ours},
      {"on_trial", peer->is_on_trial},
      {"endpoint",
       view.endpoint ? ordered_json(view.endpoint->to_string()) : ordered_json(nullptr)},
      {"last_handshake", or_null(utc_text(view.last_handshake))},
      {"received_bytes", view.received_bytes},
      {"sent_bytes", view.sent_bytes},
      {"leaves_as", or_null(peer->leaves_as)},
      {"removal_under_way", peer->is_handed_over},
      {"next", or_null(peer->next)},
      {"next_in_seconds", or_null(peer->next_in)},
      {"greetings", peer->greetings},
      {"expires_at", or_null(peer->expires_at ? utc_text(*peer->expires_at) : std::nullopt)},
      {"without_row_for_seconds", or_null(peer->missing_for)}};
}

// A device whose clock was never set says 1970 or less.
std::optional<std::string> date_of(const std::optional<Tai64n>& stamp) {
  if (!stamp) return std::nullopt;
  std::uint64_t seconds = 0;
  for (std::size_t i = 0; i < 8; ++i)
    seconds = seconds << 8U | (*stamp)[i];
  constexpr std::int64_t year_9999 = 253'402'300'799;
  const std::int64_t since_1970 =
      static_cast<std::int64_t>(seconds - static_cast<std::uint64_t>(tai64_epoch)) - tai64_offset;
  if (since_1970 <= 0 || since_1970 > year_9999) return "an impossible time";
  return utc_text(WallTime{} + std::chrono::seconds{since_1970});
}

void add_budgets(ordered_json& list, std::string_view of, const SourceView& view) {
  for (const ScopedBudget& scoped : view.budgets) {
    ordered_json& value = list.emplace_back(ordered_json{{"of", of}, {"scope", scoped.scope}});
    add_budget(value, scoped.budget);
  }
}

} // namespace

std::string line_of(const KeyExplanation& explanation, std::string_view interface, TimePoint now) {
  ordered_json gates = ordered_json::array();
  for (const GateView& gate : explanation.gates)
    gates.push_back(gate_value(gate));
  const GateView* const refusing = explanation.refusing();
  return line_from(ordered_json{
      {"interface", interface},
      {"public_key", explanation.key.to_string()},
      {"verdict", refusing == nullptr ? std::string_view{"passes"} : to_string(*refusing->refusal)},
      {"dry_run", explanation.is_dry_run},
      {"looked_up_now", explanation.is_asked_for},
      {"waits_for_database", explanation.waits_for_database},
      {"newest_initiation", or_null(date_of(explanation.newest_initiation))},
      {"last", word_value(explanation.last, now)},
      {"last_claimed", word_value(explanation.last_claimed, now)},
      {"peer", peer_value(explanation.peer)},
      {"gates", gates}});
}

std::string line_of(const SourceExplanation& explanation) {
  ordered_json budgets = ordered_json::array();
  add_budgets(budgets, "unproven", explanation.unproven);
  add_budgets(budgets, "proven", explanation.proven);
  ordered_json& greetings = budgets.emplace_back(
      ordered_json{{"of", "greetings"}, {"scope", explanation.greetings.scope}});
  add_budget(greetings, explanation.greetings.budget);
  const bool asks = explanation.demands_cookies && explanation.without_cookie.has_value();
  return line_from(ordered_json{{"address", explanation.address.to_string()},
                                {"counts_as", explanation.counts_as.to_string()},
                                {"shared", explanation.is_shared},
                                {"load", explanation.is_loaded},
                                {"attack_mode", explanation.is_attack_mode},
                                {"cookie_demanded", asks},
                                {"without_cookie", verdict_of(explanation.without_cookie)},
                                {"with_cookie", verdict_of(explanation.with_cookie)},
                                {"budgets", budgets}});
}

} // namespace provisiond::control
