#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace provisiond {

// Why a sighting got no tunnel. One enumerator per reason, in the order in which the flow can give
// it; the text is the log word and the metric label.
enum class Refusal : std::uint8_t {
  // by order of the operator
  draining,
  // authenticate: mac1, mac2
  bad_mac1,
  cookie_required,
  // admit: source gate
  duplicate,
  source_budget,
  prefix_budget,
  global_budget,
  authenticate_queue_full,
  // authenticate: e, es, s
  undecryptable_static,
  own_key,
  // peers: installed keys; admit: negative cache
  already_installed,
  known_refused,
  // lookup: known keys
  not_in_filter,
  // authenticate: ss, {t}
  forged,
  replayed,
  // admit: key gate
  key_budget,
  lookup_in_flight,
  lookup_budget,
  lookup_queue_full,
  claim_budget,
  // lookup
  unknown_key,
  revoked,
  disabled,
  not_yet_valid,
  expired,
  other_network,
  not_enrolled,
  invalid_row,
  source_not_allowed,
  not_writable,
  database_unavailable,
  // install
  trial_budget,
  interface_gone,
  interface_full,
  allowed_ip_conflict,
  device_refused,
  // greet
  greet_budget,
  never_connected,
  trial_failed,
};

inline constexpr std::array<std::string_view, 39> refusal_names{
    "draining",
    "bad_mac1",
    "cookie_required",
    "duplicate",
    "source_budget",
    "prefix_budget",
    "global_budget",
    "authenticate_queue_full",
    "undecryptable_static",
    "own_key",
    "already_installed",
    "known_refused",
    "not_in_filter",
    "forged",
    "replayed",
    "key_budget",
    "lookup_in_flight",
    "lookup_budget",
    "lookup_queue_full",
    "claim_budget",
    "unknown_key",
    "revoked",
    "disabled",
    "not_yet_valid",
    "expired",
    "other_network",
    "not_enrolled",
    "invalid_row",
    "source_not_allowed",
    "not_writable",
    "database_unavailable",
    "trial_budget",
    "interface_gone",
    "interface_full",
    "allowed_ip_conflict",
    "device_refused",
    "greet_budget",
    "never_connected",
    "trial_failed",
};
static_assert(refusal_names.size() == static_cast<std::size_t>(Refusal::trial_failed) + 1);

constexpr std::string_view to_string(Refusal refusal) {
  return refusal_names[static_cast<std::size_t>(refusal)];
}

// What a gateway finds by itself in the way of a device that has proven its key, whatever the
// database says, and what its next try meets as well. Loads that pass are none of these.
constexpr bool is_gateways_own(Refusal refusal) {
  switch (refusal) {
  case Refusal::replayed:
  case Refusal::not_enrolled:
  case Refusal::source_not_allowed:
  case Refusal::trial_budget:
  case Refusal::interface_full:
  case Refusal::allowed_ip_conflict:
  case Refusal::device_refused:
  case Refusal::greet_budget:
  case Refusal::never_connected:
    return true;
  default:
    return false;
  }
}

// What is said of the database and not of the key: never to be remembered of a key.
constexpr bool is_of_the_database(Refusal refusal) {
  return refusal == Refusal::database_unavailable || refusal == Refusal::not_writable;
}

} // namespace provisiond
