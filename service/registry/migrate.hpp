#pragma once

#include "base/result.hpp"
#include "base/secret_text.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace provisiond::registry {

// A file of schema/: "0007_name.sql" is number 7.
struct Migration {
  int number = 0;
  std::filesystem::path file;
};

// Where a database stands against the files.
struct SchemaStatus {
  int database = 0; // 0: no schema yet
  int files = 0;    // the newest file
};

struct MigrationReport {
  int before = 0;
  int after = 0;
  std::vector<std::string> applied; // file names, in order
};

// Everything here blocks, and belongs to the administrator's tool, not to the daemon. The code
// of an error is ENOTCONN when the database could not be reached.

// The migrations in `directory`, sorted; numbered from 1 without gap or double. Any other *.sql
// file is an error, so that a typing error in a name cannot hide a migration.
Result<std::vector<Migration>> read_migrations(const std::filesystem::path& directory);

// Brings the database to the newest file: each file in one transaction, together with its number,
// under an advisory lock. May be repeated and run concurrently; what is applied stays applied when
// a later file fails. Refuses a database that is newer than the files, and EPERM one whose schema
// belongs to a role for which this login may not act.
Result<MigrationReport> migrate(const SecretString& dsn, const std::filesystem::path& directory);

Result<SchemaStatus> schema_status(const SecretString& dsn, const std::filesystem::path& directory);

} // namespace provisiond::registry
