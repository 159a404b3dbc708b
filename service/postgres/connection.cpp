#include "postgres/connection.hpp"

#include "postgres/begin_session.hpp"
#include "postgres/connect.hpp"
#include "postgres/database_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace provisiond::postgres {

Result<std::unique_ptr<Connection>> Connection::open(const Route& route, QueryWatch& watch) {
  if (route.problem) return fail(*route.problem);
  Result<std::unique_ptr<RawConnection>> opened = connect(route.first, watch);
  if (!opened && route.has_choice() && !watch.is_cut()) opened = connect(route.fallback, watch);
  if (!opened) return fail(opened.error());
  std::unique_ptr<Connection> connection{new Connection{std::move(*opened), watch}};
  const Status set_up = connection->set_up();
  if (!set_up) return fail(set_up.error().while_doing("set the database session up"));
  connection->has_choice_ = route.has_choice();
  return connection;
}

Connection::Connection(std::unique_ptr<RawConnection> connection, QueryWatch& watch)
    : connection_{std::move(connection)}, watch_{watch} {}

Connection::~Connection() {
  watch_.detach();
}

Status Connection::set_up() {
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

Status Connection::prepare(const char* name, const char* statement) {
  if (is_pooled_) return {};
  const QueryInFlight in_flight{watch_};
  try {
    connection_->prepare(name, statement);
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("prepare a statement"));
  }
  return {};
}

Result<std::optional<std::string>> Connection::listen(const char* statement) {
  if (is_standby_) return std::optional<std::string>{"the server is a standby"};
  if (is_pooled_) return std::optional<std::string>{"a pooler stands before the server"};
  return ask("listen for changes",
             [&](pqxx::nontransaction& query) -> Result<std::optional<std::string>> {
               query.exec(statement);
               return std::optional<std::string>{};
             });
}

Status Connection::wait(std::chrono::milliseconds limit) {
  constexpr std::chrono::milliseconds second{1'000};
  try {
    static_cast<void>(connection_->await_notification(
        limit / second, std::chrono::microseconds{limit % second}.count()));
  } catch (const std::exception& cause) {
    return fail(explain(cause).while_doing("wait for changes"));
  }
  return {};
}

std::string Connection::where() const {
  const char* const host = connection_->hostname();
  const char* const port = connection_->port();
  return fmt::format("{} at {}:{}", connection_->dbname(), host == nullptr ? "" : host,
                     port == nullptr ? "" : port);
}

Error Connection::explain(const std::exception& cause) const {
  if (watch_.has_expired())
    return Error{fmt::format("no answer within {} ms", watch_.limit().count()), ETIMEDOUT};
  if (dynamic_cast<const pqxx::broken_connection*>(&cause) != nullptr)
    return Error{"the server closed the connection", ENOTCONN};
  const pqxx::sql_error* const refusal = dynamic_cast<const pqxx::sql_error*>(&cause);
  const bool passes = refusal != nullptr && is_passing(refusal->sqlstate());
  return Error{server_message(cause.what()), passes ? EAGAIN : 0};
}

} // namespace provisiond::postgres
