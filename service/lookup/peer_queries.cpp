#include "lookup/peer_queries.hpp"

#include "lookup/parameters.hpp"
#include "lookup/sql.hpp"
#include "postgres/array_literal.hpp"
#include "postgres/database_error.hpp"
#include "postgres/pqxx_calls.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace provisiond::lookup {
namespace {

constexpr const char* find_statement = "find_peers";

std::optional<std::string_view> text_of(const pqxx::row& row, sql::FindPeersColumn column) {
  const pqxx::field field = row[static_cast<int>(column)];
  if (field.is_null()) return std::nullopt;
  return std::string_view{field.c_str(), field.size()};
}

Row row_of(const pqxx::row& row) {
  using Column = sql::FindPeersColumn;
  return {.verdict = text_of(row, Column::verdict),
          .public_key = text_of(row, Column::public_key),
          .peer_id = text_of(row, Column::peer_id),
          .preshared_key = text_of(row, Column::preshared_key),
          .keepalive_seconds = text_of(row, Column::keepalive_seconds),
          .allowed_ips = text_of(row, Column::allowed_ips),
          .expires_at_us = text_of(row, Column::expires_at_us),
          .session_gateway = text_of(row, Column::session_gateway),
          .session_interface = text_of(row, Column::session_interface),
          .newest_initiation = text_of(row, Column::newest_initiation),
          .idle_timeout_s = text_of(row, Column::idle_timeout_s),
          .allowed_sources = text_of(row, Column::allowed_sources),
          .roaming = text_of(row, Column::roaming),
          .several_gateways = text_of(row, Column::several_gateways),
          .evict_last = text_of(row, Column::evict_last),
          .session_run = text_of(row, Column::session_run),
          .session_at_us = text_of(row, Column::session_at_us)};
}

// The request that a row answers, from 0; nullopt when there is none.
std::optional<std::size_t> position_of(const pqxx::row& row, std::size_t count) {
  const std::string_view text = text_of(row, sql::FindPeersColumn::ordinal).value_or("");
  std::size_t ordinal = 0;
  const std::from_chars_result read =
      std::from_chars(text.data(), text.data() + text.size(), ordinal);
  if (read.ec != std::errc{} || ordinal == 0 || ordinal > count) return std::nullopt;
  return ordinal - 1;
}

pqxx::result exec_find(const postgres::Connection& connection, pqxx::nontransaction& query,
                       std::span<const LookupRequest> requests,
                       std::span<const std::string> networks) {
  const std::string names = network_array(requests, networks);
  const std::string keys = key_array(requests);
  if (connection.is_pooled()) return postgres::exec_params(query, sql::find_peers, names, keys);
  return postgres::exec_prepared(query, find_statement, names, keys);
}

Result<std::vector<Verdict>> read_rows(const pqxx::result& rows,
                                       std::span<const LookupRequest> requests) {
  std::vector<std::optional<Verdict>> read(requests.size());
  std::size_t answered = 0;
  for (const pqxx::row& row : rows) {
    const std::optional<std::size_t> position = position_of(row, read.size());
    if (!position || read[*position]) break;
    read[*position] = read_row(row_of(row), requests[*position].key);
    ++answered;
  }
  if (answered != read.size() || static_cast<std::size_t>(rows.size()) != read.size())
    return fail(Error{fmt::format("look up peers: {} keys got {} rows, {} of them of use",
                                  requests.size(), rows.size(), answered)});
  std::vector<Verdict> verdicts;
  verdicts.reserve(read.size());
  for (std::optional<Verdict>& verdict : read)
    verdicts.push_back(std::move(*verdict));
  return verdicts;
}

} // namespace

Status prepare_look_up(postgres::Connection& connection) {
  const Status prepared = connection.prepare(find_statement, sql::find_peers);
  if (!prepared) return fail(prepared.error().while_doing("prepare the look-up"));
  return connection.ask("prepare the look-up", [&](pqxx::nontransaction& query) -> Status {
    exec_find(connection, query, {}, {});
    return {};
  });
}

Result<std::vector<Verdict>> find_peers(postgres::Connection& connection,
                                        std::span<const LookupRequest> requests,
                                        std::span<const std::string> networks) {
  return connection.ask(
      "look up peers", [&](pqxx::nontransaction& query) -> Result<std::vector<Verdict>> {
        const pqxx::result rows = exec_find(connection, query, requests, networks);
        if (!rows.empty()) {
          using Column = sql::FindPeersColumn;
          connection.note_standby(text_of(rows[0], Column::is_standby) == "t");
          connection.note_writable(text_of(rows[0], Column::transaction_read_only) == "off");
        }
        return read_rows(rows, requests);
      });
}

Result<std::vector<PublicKey>> removed_peers(postgres::Connection& connection,
                                             std::span<const PublicKey> keys) {
  using Keys = std::vector<PublicKey>;
  return connection.ask("ask for removed peers", [&](pqxx::nontransaction& query) -> Result<Keys> {
    Keys removed;
    for (const pqxx::row& row :
         postgres::exec_params(query, sql::removed_peers, postgres::key_array(keys))) {
      PublicKey key;
      if (!row[0].is_null() && postgres::read_hex(row[0].c_str(), key.bytes))
        removed.push_back(key);
    }
    return removed;
  });
}

Result<Verdict> enrol_peer(postgres::Connection& connection, const LookupRequest& request,
                           std::span<const std::string> networks, const std::string& gateway) {
  const bool is_known = request.interface.value < networks.size();
  return connection.ask("enrol a peer", [&](pqxx::nontransaction& query) -> Result<Verdict> {
    try {
      const pqxx::result rows = postgres::exec_params(
          query, sql::enrol_peer, gateway, is_known ? networks[request.interface.value] : "",
          request.key.to_string());
      if (rows.size() != 1) return fail(Error{"enrol a peer: not one row"});
      return read_row(row_of(rows[0]), request.key);
    } catch (const pqxx::sql_error& cause) {
      constexpr std::string_view read_only_transaction = "25006";
      connection.note_writable(cause.sqlstate() != read_only_transaction);
      if (!connection.is_writable()) return Verdict{Refusal::not_writable};
      return fail(Error{postgres::server_message(cause.what()), EPERM}.while_doing("enrol a peer"));
    }
  });
}

} // namespace provisiond::lookup
