#pragma once

#include "base/result.hpp"
#include "postgres/query_watch.hpp"
#include "postgres/raw_connection.hpp"
#include "postgres/route.hpp"

#include <pqxx/pqxx>

#include <chrono>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace provisiond::postgres {

// One PostgreSQL connection. Lives on one thread, which blocks in its calls; each query is under
// the watch's deadline, opening is under the connection string's connect_timeout, and the watch's
// `cut` ends either. After any error the connection is of no further use: drop it and open another.
//
// Preshared keys pass through libpq's receive buffer, which it neither locks nor wipes. libpqxx 6.4
// leaks about 2 KiB whenever a connection breaks under a query; reconnecting is paced, so at most
// that per connection and pause.
class Connection {
 public:
  // Connects by the route and makes the watch's deadline the default statement_timeout. The watch
  // outlives the connection. Behind a pooler nothing stays with a connection: no statement_timeout,
  // no prepared statement, no notifications.
  static Result<std::unique_ptr<Connection>> open(const Route& route, QueryWatch& watch);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Calls `work`, which may throw what pqxx throws and gives a Result. Each of its statements is a
  // transaction of its own. An error names the operation.
  template <class Work>
  std::invoke_result_t<Work, pqxx::nontransaction&> ask(std::string_view operation, Work work) {
    const QueryInFlight in_flight{watch_};
    try {
      pqxx::nontransaction query{*connection_};
      return work(query);
    } catch (const std::exception& cause) {
      return fail(explain(cause).while_doing(operation));
    }
  }

  // Makes a statement known by a name; behind a pooler nothing.
  Status prepare(const char* name, const char* statement);
  // Asks for notifications by `statement`. Why this connection cannot have them, or nullopt.
  Result<std::optional<std::string>> listen(const char* statement);

  // Blocks until a notification comes, at most about `limit`; not under the watch's deadline, whose
  // `cut` ends it as well. Fails when the connection is gone.
  Status wait(std::chrono::milliseconds limit);

  // What the server is as of the last answer that says so: a standby may have been promoted, and a
  // pooler may lead to another server.
  void note_standby(bool is_standby) { is_standby_ = is_standby; }
  void note_writable(bool is_writable) { is_writable_ = is_writable; }
  [[nodiscard]] bool is_standby() const { return is_standby_; }
  // It takes what is written: no standby, and not made read-only.
  [[nodiscard]] bool is_writable() const { return is_writable_; }
  // A standby that serves because no primary was there.
  [[nodiscard]] bool is_fallback() const { return is_standby_ && has_choice_; }
  [[nodiscard]] bool is_pooled() const { return is_pooled_; }

  // "wg at /run/postgresql:5432"
  [[nodiscard]] std::string where() const;

 private:
  Connection(std::unique_ptr<RawConnection> connection, QueryWatch& watch);
  Status set_up();
  [[nodiscard]] Error explain(const std::exception& cause) const;

  std::unique_ptr<RawConnection> connection_;
  QueryWatch& watch_;
  bool is_standby_ = false;
  bool is_writable_ = true;
  bool has_choice_ = false; // the route leaves it to us to look for a primary
  bool is_pooled_ = false;
};

} // namespace provisiond::postgres
