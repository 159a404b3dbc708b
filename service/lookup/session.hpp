#pragma once

#include "base/result.hpp"
#include "handoff/peer_record.hpp"
#include "handoff/report.hpp"
#include "lookup/networks.hpp"
#include "lookup/presence.hpp"
#include "lookup/query_watch.hpp"
#include "lookup/record.hpp"
#include "lookup/route.hpp"

#include <pqxx/connection>
#include <pqxx/result>
#include <pqxx/row>

#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace provisiond::lookup {

// What a session says about changes, by the names of networks; without a key: any key of it.
struct News {
  struct Item {
    std::string network;
    std::optional<PublicKey> key;
  };
  std::string position;
  std::vector<Item> items;
};

// One PostgreSQL session that can ask for peers and for changes. Lives on one thread, which blocks
// in its calls; each query is under the watch's deadline, opening is under the connection string's
// connect_timeout. After any error the session is of no further use: drop it and open another.
//
// Preshared keys pass through libpq's receive buffer, which it neither locks nor wipes; they leave
// this class only inside PeerRecord. libpqxx 6.4 leaks about 2 KiB whenever a connection breaks
// under a query; reconnecting is paced, so at most that per session and pause.
class Session {
 public:
  // Connects by the route and makes the watch's deadline the default statement_timeout. The watch
  // outlives the session. Behind a pooler a session has no state: no statement_timeout, no prepared
  // statement, no notifications.
  static Result<std::unique_ptr<Session>> open(const Route& route, QueryWatch& watch);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Why this build cannot work with the database's schema and what to do; nullopt when it can.
  // Then the identity is known. Two round trips.
  Result<std::optional<std::string>> schema_problem();

  // Which database this is, as of `schema_problem` or the last `changes_after`; empty when it does
  // not say.
  [[nodiscard]] const std::string& identity() const { return identity_; }

  // Prepares the look-up and runs it without keys, so that the server has its plan before the first
  // device knocks. Call once, when the schema fits.
  Status prepare();

  // Asks which networks there are, by what is known of them, and notes it. True when one was found
  // that had not been before. One round trip.
  Result<bool> find_networks(Networks& networks);

  // One verdict per request, in the same order. `networks` is what Networks::references gives,
  // indexed by InterfaceId; an interface beyond it counts as a network that no peer is in. One
  // round trip.
  Result<std::vector<Verdict>> find(std::span<const LookupRequest> requests,
                                    std::span<const std::string> networks);

  // Which of the keys were peers of this database and were removed, whatever became of their
  // tombstones. One round trip.
  Result<std::vector<PublicKey>> removed_peers(std::span<const PublicKey> keys);

  // Makes a peer of a device that has passed its trial, and says what `find` would say of it then.
  // `not_writable` where nothing can be written. EPERM: the server refused for another reason; the
  // session is as good as before in either case. Several queries of the server's in one round trip.
  Result<Verdict> enrol(const LookupRequest& request, std::span<const std::string> networks,
                        const std::string& gateway);

  // Writes down keys that were refused. One round trip; it writes.
  Status record(std::span<const RefusedKey> keys, std::span<const std::string> networks,
                const std::string& gateway);

  // Reports an interface and its active peers. One round trip; it writes.
  Status record(const InterfaceReport& report, std::span<const std::string> networks,
                const std::string& gateway, const std::string& version);

  // Writes down which peers have a session here now. The keys whose peer is being changed or
  // deleted just now: these are to be claimed again. One round trip per interface; it writes.
  Result<std::vector<PublicKey>> claim(std::span<const SessionClaim> claims,
                                       std::span<const std::string> networks,
                                       const Gateway& gateway);

  // Says that this run of the gateway is alive, or ends, and asks who else has its name. One round
  // trip; it writes.
  Result<Presence> report(const Gateway& gateway, Stay stay);

  // Asks for notifications of changes. Why this session cannot have them, or nullopt.
  Result<std::optional<std::string>> listen();

  // Blocks until a notification comes, at most about `limit`; not under the watch's deadline, whose
  // `cut` ends it as well. Fails when the connection is gone.
  Status wait(std::chrono::milliseconds limit);

  // What changed after `position`, the one in the last answer; an empty one asks for a position
  // only. Fails when another server answers than before: positions are of one server. One round
  // trip.
  Result<News> changes_after(const std::string& position);

  // What the server was as of the last answer of `find` or `changes_after`: a standby may have been
  // promoted, and a pooler may lead to another one.
  [[nodiscard]] bool is_standby() const { return is_standby_; }
  // A standby that serves because no primary was there.
  [[nodiscard]] bool is_stand_in() const { return is_standby_ && has_choice_; }
  // It takes what is written: no standby, and not made read-only. As of the last answer of `find`.
  [[nodiscard]] bool is_writable() const { return is_writable_; }

  // "wg at /run/postgresql:5432"
  [[nodiscard]] std::string where() const;

 private:
  Session(std::unique_ptr<pqxx::connection> connection, QueryWatch& watch);
  Status set_up();
  pqxx::result exec_find(std::span<const LookupRequest> requests,
                         std::span<const std::string> networks);
  void note_standing(const pqxx::row& row);
  [[nodiscard]] Error explain(const std::exception& cause) const;

  std::unique_ptr<pqxx::connection> connection_;
  QueryWatch& watch_;
  bool is_standby_ = false;
  bool is_writable_ = true;
  bool has_choice_ = false; // the route leaves it to us to look for a primary
  std::string server_; // when the one that answers was started: behind a pooler it may be another
  bool is_pooled_ = false;
  std::string identity_;
};

} // namespace provisiond::lookup
