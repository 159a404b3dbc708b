#pragma once

#include "base/public_key.hpp"

#include <cstdint>
#include <string>

namespace provisiond::database_test {

// The private cluster that run.sh started, named by the environment:
//   PROVISIOND_TEST_CLUSTER   its folder, which is also where its socket lies
//   PROVISIOND_TEST_CONTROL   the script that stops, starts, freezes and thaws it
// Everything here aborts the test program on failure: nothing could be tested then.
class Cluster {
 public:
  // A connection string for `user` ("postgres" may do everything).
  static std::string dsn(const std::string& database, const std::string& user);
  // stop, start, restart, freeze or thaw; returns when it is done.
  static void control(const std::string& verb);
};

// A database of its own for one test, with the schema, two networks and a login role for the
// daemon, made from a template that the first one makes. Gone with this object.
class Database {
 public:
  enum class Contents : std::uint8_t { empty, migrated };

  explicit Database(Contents contents = Contents::migrated);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  [[nodiscard]] std::string admin_dsn() const { return Cluster::dsn(name_, "postgres"); }
  [[nodiscard]] std::string daemon_dsn() const { return Cluster::dsn(name_, "gateway"); }

  // As superuser; the first column of the first row, or "".
  std::string sql(const std::string& statement) const;
  // INSERT with these columns besides the key, "network_id, enabled" -> "1, false". Returns the id.
  std::string add_peer(const PublicKey& key, const std::string& columns,
                       const std::string& values) const;

 private:
  std::string name_;
};

// A key that is different for each `number`.
PublicKey key_of(std::uint32_t number);

} // namespace provisiond::database_test
