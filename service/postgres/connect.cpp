#include "postgres/connect.hpp"

#include "base/clock.hpp"
#include "postgres/connection_string.hpp"

#include <fmt/format.h>
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace provisiond::postgres {
namespace {

// False when the deadline has passed. Without one it waits for as long as it takes.
bool wait_for(int socket, short events, std::optional<TimePoint> deadline) {
  while (true) {
    int limit = -1;
    if (deadline) {
      const std::chrono::milliseconds left =
          std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now());
      limit = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    pollfd ready{.fd = socket, .events = events, .revents = 0};
    const int found = ::poll(&ready, 1, limit);
    if (found >= 0 || errno != EINTR) return found != 0;
  }
}

std::string timed_out(PGconn* connection) {
  return fmt::format("connection to server at \"{}\", port {} failed: timeout expired",
                     PQhost(connection), PQport(connection));
}

// Why there is no connection, or an empty text. As PQconnectdb, but the socket is the watch's as
// well: cutting the watch ends it.
std::string open_one(const SecretString& dsn, std::optional<std::chrono::seconds> limit,
                     QueryWatch& watch, LibpqConnection& connection) {
  connection.reset(PQconnectStart(dsn.c_str()));
  if (!connection) return "out of memory";
  std::optional<TimePoint> deadline;
  if (limit) deadline = Clock::now() + *limit;
  PostgresPollingStatusType step = PGRES_POLLING_WRITING;
  while (PQstatus(connection.get()) != CONNECTION_BAD && step != PGRES_POLLING_OK) {
    // Each time, because libpq may have gone on to another socket under the same number.
    const Status watched = watch.attach(PQsocket(connection.get()));
    if (!watched) return watched.error().message();
    const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for(PQsocket(connection.get()), events, deadline)) return timed_out(connection.get());
    if (watch.is_cut()) return "told to stop";
    step = PQconnectPoll(connection.get());
    if (step == PGRES_POLLING_FAILED) break;
  }
  return step == PGRES_POLLING_OK ? "" : PQerrorMessage(connection.get());
}

} // namespace

// One address after the other, each with a deadline of its own: libpq's way through a list of hosts
// cannot be taken further from outside once one of them does not answer.
Result<std::unique_ptr<RawConnection>> connect(const SecretString& dsn, QueryWatch& watch) {
  const Result<ConnectionString> string = ConnectionString::parse(dsn);
  if (!string) return fail(string.error().while_doing("connect to the database"));
  std::string why;
  for (const SecretString& one : string->each_server()) {
    if (watch.is_cut()) break;
    LibpqConnection connection;
    const std::string failure = open_one(one, string->connect_timeout(), watch, connection);
    if (!failure.empty()) {
      watch.detach();
      why += failure + '\n';
      continue;
    }
    try {
      return adopt(std::move(connection));
    } catch (const std::exception& cause) {
      watch.detach();
      why += cause.what();
    }
  }
  return fail(string->connect_error(why));
}

} // namespace provisiond::postgres
