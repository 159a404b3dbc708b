// Longer than other files, because each query is one function and all share the session's errors.
#include "lookup/session.hpp"

#include "lookup/array_literal.hpp"
#include "lookup/begin_session.hpp"
#include "lookup/connect.hpp"
#include "lookup/database_error.hpp"
#include "lookup/pqxx_calls.hpp"
#include "lookup/sql.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <cerrno>
#include <charconv>
#include <exception>
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

std::optional<std::string> compare_schema(int found) {
  if (found < sql::needed_schema_version)
    return fmt::format("the database has schema version {}, this build needs {}: run "
                       "wg-provisionctl db migrate",
                       found, sql::needed_schema_version);
  if (found > sql::needed_schema_version)
    return fmt::format("the database has schema version {}, this build knows only {}: install a "
                       "newer wg-provisiond",
                       found, sql::needed_schema_version);
  return std::nullopt;
}

// libpqxx 6.4 gives no SQLSTATE with the errors that it has classes for.
std::optional<std::string> explain_schema_error(const pqxx::sql_error& error) {
  constexpr std::string_view no_such_schema = "3F000";
  if (error.sqlstate() == no_such_schema ||
      dynamic_cast<const pqxx::undefined_function*>(&error) != nullptr)
    return "the database has no wg_provision schema: run wg-provisionctl db migrate";
  if (dynamic_cast<const pqxx::insufficient_privilege*>(&error) != nullptr)
    return "the database role may not look up peers: GRANT wg_provision_daemon TO it";
  return std::nullopt;
}

} // namespace

Result<std::unique_ptr<Session>> Session::open(const Route& route, QueryWatch& watch) {
  if (route.problem) return fail(*route.problem);
  Result<std::unique_ptr<pqxx::connection>> connection = connect(route.first);
  if (!connection && route.has_choice() && !watch.is_cut()) connection = connect(route.stand_in);
  if (!connection) return fail(connection.error());
  never_reconnect(**connection);
  std::unique_ptr<Session> session{new Session{std::move(*connection), watch}};
  const Status set_up = session->set_up();
  if (!set_up) return fail(set_up.error().while_doing("set the database session up"));
  session->has_choice_ = route.has_choice();
  return session;
}

Session::Session(std::unique_ptr<pqxx::connection> connection, QueryWatch& watch)
    : connection_{std::move(connection)}, watch_{watch} {}

Session::~Session() {
  watch_.detach();
}

Status Session::set_up() {
  Status watched = watch_.attach(connection_->sock());
  if (!watched) return watched;
  const QueryInFlight in_flight{watch_};
  try {
    const SessionStart start = begin_session(*connection_, watch_.limit());
    is_standby_ = start.is_standby;
    is_pooled_ = start.is_pooled;
  } catch (const std::exception& cause) {
    return fail(explain(cause));
  }
  return {};
}

Result<std::optional<std::string>> Session::schema_problem() {
  const QueryInFlight in_flight{watch_};
  try {
    pqxx::nontransaction query{*connection_};
    std::optional<std::string> problem =
        compare_schema(query.exec(sql::schema_version)[0][0].as<int>(0));
    if (!problem) identity_ = query.exec(sql::database_identity)[0][0].as<std::string>("");
    return problem;
  } catch (const pqxx::sql_error& cause) {
    if (std::optional<std::string> problem = explain_schema_error(cause)) return problem;
    return fail(explain(cause).while_doing("read the schema version"));
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("read the schema version"));
  }
}

Status Session::prepare() {
  const QueryInFlight in_flight{watch_};
  try {
    if (!is_pooled_) connection_->prepare(find_statement, sql::find_peers);
    exec_find({}, {});
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("prepare the look-up"));
  }
  return {};
}

pqxx::result Session::exec_find(std::span<const LookupRequest> requests,
                                std::span<const std::string> networks) {
  const std::string names = network_array(requests, networks);
  const std::string keys = key_array(requests);
  pqxx::nontransaction query{*connection_};
  if (is_pooled_) return exec_params(query, sql::find_peers, names, keys);
  return exec_prepared(query, find_statement, names, keys);
}

void Session::note_standing(const pqxx::row& row) {
  is_standby_ = text_of(row, sql::FindPeersColumn::is_standby) == "t";
  is_writable_ = text_of(row, sql::FindPeersColumn::transaction_read_only) == "off";
}

Result<bool> Session::find_networks(Networks& networks) {
  const QueryInFlight in_flight{watch_};
  const std::shared_ptr<const std::vector<std::string>> asked = networks.references();
  try {
    pqxx::nontransaction query{*connection_};
    std::vector<std::optional<FoundNetwork>> found(asked->size());
    for (const pqxx::row& row : exec_params(query, sql::find_networks, text_array(*asked))) {
      const std::size_t ordinal = row[0].as<std::size_t>();
      if (ordinal == 0 || ordinal > found.size()) continue; // no network of ours
      found[ordinal - 1] =
          FoundNetwork{.reference = row[1].as<std::string>(), .name = row[2].as<std::string>()};
    }
    return networks.note(found);
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("find the networks"));
  }
}

Result<std::vector<Verdict>> Session::find(std::span<const LookupRequest> requests,
                                           std::span<const std::string> networks) {
  const QueryInFlight in_flight{watch_};
  try {
    const pqxx::result rows = exec_find(requests, networks);
    if (!rows.empty()) note_standing(rows[0]);
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
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("look up peers"));
  }
}

Result<std::vector<PublicKey>> Session::removed_peers(std::span<const PublicKey> keys) {
  const QueryInFlight in_flight{watch_};
  ArrayLiteral asked;
  for (const PublicKey& key : keys)
    asked.add(key);
  std::vector<PublicKey> removed;
  try {
    pqxx::nontransaction query{*connection_};
    for (const pqxx::row& row : exec_params(query, sql::removed_peers, std::move(asked).finish())) {
      PublicKey key;
      if (!row[0].is_null() && read_hex(row[0].c_str(), key.bytes)) removed.push_back(key);
    }
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("ask for removed peers"));
  }
  return removed;
}

Result<Verdict> Session::enrol(const LookupRequest& request, std::span<const std::string> networks,
                               const std::string& gateway) {
  const QueryInFlight in_flight{watch_};
  const bool is_known = request.interface.value < networks.size();
  try {
    pqxx::nontransaction query{*connection_};
    const pqxx::result rows =
        exec_params(query, sql::enrol_peer, gateway,
                    is_known ? networks[request.interface.value] : "", request.key.to_string());
    if (rows.size() != 1) return fail(Error{"enrol a peer: not one row"});
    return read_row(row_of(rows[0]), request.key);
  } catch (const pqxx::sql_error& cause) {
    constexpr std::string_view read_only_transaction = "25006";
    is_writable_ = cause.sqlstate() != read_only_transaction;
    if (!is_writable_) return Verdict{Refusal::not_writable};
    return fail(Error{server_message(cause.what()), EPERM}.while_doing("enrol a peer"));
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("enrol a peer"));
  }
}

Status Session::record(std::span<const RefusedKey> keys, std::span<const std::string> networks,
                       const std::string& gateway) {
  const QueryInFlight in_flight{watch_};
  const SightingArrays arrays = sighting_arrays(keys, networks);
  try {
    pqxx::nontransaction query{*connection_};
    exec_params(query, sql::record_sightings, gateway, arrays.networks, arrays.keys, arrays.reasons,
                arrays.addresses, arrays.ports);
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("record refused keys"));
  }
  return {};
}

Status Session::record(const InterfaceReport& report, std::span<const std::string> networks,
                       const std::string& gateway, const std::string& version) {
  const QueryInFlight in_flight{watch_};
  const ActivityArrays active = activity_arrays(report.active);
  const bool is_known = report.interface.value < networks.size();
  try {
    pqxx::nontransaction query{*connection_};
    exec_params(query, sql::report_interface, gateway, version, report.name,
                is_known ? networks[report.interface.value] : "", report.key.to_string(),
                std::to_string(report.peers), active.keys, active.addresses, active.ports,
                active.handshakes_us, active.received_bytes, active.sent_bytes, report.position);
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("report an interface"));
  }
  return {};
}

Result<std::vector<PublicKey>> Session::claim(std::span<const SessionClaim> claims,
                                              std::span<const std::string> networks,
                                              const Gateway& gateway) {
  const QueryInFlight in_flight{watch_};
  const char* const run = gateway.run.empty() ? nullptr : gateway.run.c_str();
  std::vector<PublicKey> busy;
  try {
    pqxx::nontransaction query{*connection_};
    for (const ClaimArrays& one : claim_arrays(claims)) {
      const bool is_known = one.interface.value < networks.size();
      const pqxx::result keys = exec_params(query, sql::claim_sessions, gateway.name, one.name,
                                            is_known ? networks[one.interface.value] : "", one.keys,
                                            one.initiations, one.handshakes_us, run);
      for (const pqxx::row& row : keys) {
        PublicKey key;
        if (!row[0].is_null() && read_hex(row[0].c_str(), key.bytes)) busy.push_back(key);
      }
    }
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("claim sessions"));
  }
  return busy;
}

Result<Presence> Session::report(const Gateway& gateway, Stay stay) {
  const QueryInFlight in_flight{watch_};
  try {
    pqxx::nontransaction query{*connection_};
    Presence presence;
    for (const pqxx::row& row :
         exec_params(query, sql::report_gateway, gateway.name, gateway.version, gateway.run,
                     gateway.machine, gateway.host, stay == Stay::ends ? "true" : "false")) {
      presence.others.push_back(row[0].as<std::string>());
      presence.is_refused = presence.is_refused || row[1].as<bool>();
    }
    return presence;
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("report the gateway"));
  }
}

Result<std::optional<std::string>> Session::listen() {
  if (is_standby_) return std::optional<std::string>{"the server is a standby"};
  if (is_pooled_) return std::optional<std::string>{"a pooler stands before the server"};
  const QueryInFlight in_flight{watch_};
  try {
    pqxx::nontransaction query{*connection_};
    query.exec(sql::listen);
    return std::optional<std::string>{};
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("listen for changes"));
  }
}

Status Session::wait(std::chrono::milliseconds limit) {
  constexpr std::chrono::milliseconds second{1'000};
  try {
    static_cast<void>(connection_->await_notification(
        limit / second, std::chrono::microseconds{limit % second}.count()));
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("wait for changes"));
  }
  return {};
}

Result<News> Session::changes_after(const std::string& position) {
  const QueryInFlight in_flight{watch_};
  try {
    pqxx::nontransaction query{*connection_};
    News news;
    const char* const after = position.empty() ? nullptr : position.c_str();
    for (const pqxx::row& row : exec_params(query, sql::changes_after, after)) {
      news.position = row[0].as<std::string>();
      const std::string server = row[4].as<std::string>();
      if (!server_.empty() && server != server_)
        return fail(Error{"read changes: another server answers now", ENOTCONN});
      server_ = server;
      is_standby_ = row[5].as<bool>();
      identity_ = row[6].as<std::string>("");
      if (row[1].is_null()) continue;
      News::Item item{.network = row[1].as<std::string>(), .key = std::nullopt};
      if (!row[3].as<bool>()) {
        item.key.emplace();
        if (row[2].is_null() || !read_hex(row[2].c_str(), item.key->bytes))
          continue; // no key of ours
      }
      news.items.push_back(std::move(item));
    }
    if (news.position.empty()) return fail(Error{"read changes: no position in the answer"});
    return news;
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("read changes"));
  }
}

std::string Session::where() const {
  const char* const host = connection_->hostname();
  const char* const port = connection_->port();
  return fmt::format("{} at {}:{}", connection_->dbname(), host == nullptr ? "" : host,
                     port == nullptr ? "" : port);
}

Error Session::explain(const std::exception& cause) const {
  if (watch_.has_expired())
    return Error{fmt::format("no answer within {} ms", watch_.limit().count()), ETIMEDOUT};
  if (dynamic_cast<const pqxx::broken_connection*>(&cause) != nullptr)
    return Error{"the server closed the connection", ENOTCONN};
  const pqxx::sql_error* const refusal = dynamic_cast<const pqxx::sql_error*>(&cause);
  const bool passes = refusal != nullptr && is_passing(refusal->sqlstate());
  return Error{server_message(cause.what()), passes ? EAGAIN : 0};
}

} // namespace provisiond::lookup
