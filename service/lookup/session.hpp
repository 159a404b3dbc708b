#pragma once

#include "base/result.hpp"
#include "handoff/peer_record.hpp"
#include "lookup/query_watch.hpp"
#include "lookup/record.hpp"

#include <pqxx/connection>

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace provisiond::lookup {

// One PostgreSQL session that can ask for peers. Lives on one thread, which blocks in its calls;
// each query is under the watch's deadline, opening is under the connection string's
// connect_timeout. After any error the session is of no further use: drop it and open another.
//
// Preshared keys pass through libpq's receive buffer, which it neither locks nor wipes; they leave
// this class only inside PeerRecord. libpqxx 6.4 leaks about 2 KiB whenever a connection breaks
// under a query; reconnecting is paced, so at most that per session and pause.
class Session {
 public:
  // Connects and makes the watch's deadline the default statement_timeout. The watch outlives the
  // session.
  static Result<std::unique_ptr<Session>> open(const std::string& dsn, QueryWatch& watch);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Why this build cannot work with the database's schema and what to do; nullopt when it can.
  Result<std::optional<std::string>> schema_problem();

  // Prepares the look-up and runs it without keys, so that the server has its plan before the first
  // device knocks. Call once, when the schema fits.
  Status prepare();

  // One verdict per request, in the same order. `networks` is indexed by InterfaceId; an interface
  // beyond it counts as a network that no peer is in. One round trip.
  Result<std::vector<Verdict>> find(std::span<const LookupRequest> requests,
                                    std::span<const std::string> networks);

  // "wg at /run/postgresql:5432"
  [[nodiscard]] std::string where() const;

 private:
  Session(std::unique_ptr<pqxx::connection> connection, QueryWatch& watch);
  Status set_up();
  [[nodiscard]] Error explain(const std::exception& cause) const;

  std::unique_ptr<pqxx::connection> connection_;
  QueryWatch& watch_;
};

} // namespace provisiond::lookup
