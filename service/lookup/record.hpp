#pragma once

#include "base/public_key.hpp"
#include "handoff/peer_record.hpp"
#include "handoff/refusal.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

namespace provisiond::lookup {

// A record, or why there is none.
using Verdict = std::variant<PeerRecord, Refusal>;

// One row of wg_provision.find_peers in PostgreSQL's text format; nullopt is NULL. Keys and
// initiations are hex, prefixes an array literal, the expiry counts microseconds since 1970.
struct Row {
  std::optional<std::string_view> verdict;
  std::optional<std::string_view> public_key;
  std::optional<std::string_view> peer_id;
  std::optional<std::string_view> preshared_key;
  std::optional<std::string_view> keepalive_seconds;
  std::optional<std::string_view> allowed_ips;
  std::optional<std::string_view> expires_at_us;
  std::optional<std::string_view> session_gateway;
  std::optional<std::string_view> session_interface;
  std::optional<std::string_view> newest_initiation;
  std::optional<std::string_view> idle_timeout_s;
  std::optional<std::string_view> allowed_sources;
  std::optional<std::string_view> roaming;
  std::optional<std::string_view> several_gateways;
  std::optional<std::string_view> evict_last;
  std::optional<std::string_view> session_run{};
  std::optional<std::string_view> session_at_us{};
};

// What a row says about the key that was asked for. The database is not trusted to keep its own
// constraints: a row that is not exactly what the schema promises is Refusal::invalid_row, that is
// a key that is not the asked one or all zero, a preshared key that is not 32 bytes or all zero, a
// number out of range, a prefix with host bits, more than PeerRecord::maximum_allowed_ips of them,
// an expiry before 1970, that or a session beyond WallTime (the year 2262), half a session holder,
// a run that is no UUID, an initiation that is not 12 bytes, an idle timeout outside of three
// minutes to 30 days, more than 64 sources or none in the list, a missing yes or no, or an unknown
// verdict. `expected` and `trial` are records that are on trial.
//
// Pure. Costs about 2 us for a peer with one allowed IP.
Verdict read_row(const Row& row, const PublicKey& asked);

} // namespace provisiond::lookup
