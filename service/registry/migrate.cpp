#include "registry/migrate.hpp"

#include "postgres/connection_string.hpp"
#include "postgres/pqxx_calls.hpp"
#include "postgres/transaction.hpp"
#include "registry/sql.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

namespace provisiond::registry {
namespace {

using postgres::one_line;
using std::filesystem::path;

// "0007_name.sql"
std::optional<int> number_of(const std::string& name) {
  constexpr std::size_t digits = 4;
  if (name.size() <= digits || name[digits] != '_') return std::nullopt;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (name[i] < '0' || name[i] > '9') return std::nullopt;
    number = number * 10 + (name[i] - '0');
  }
  return number;
}

Result<std::string> read_file(const path& file) {
  std::ifstream stream{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{stream}, std::istreambuf_iterator<char>{}};
  if (!stream || text.empty())
    return fail(Error{fmt::format("read {}: unreadable or empty", file.string())});
  return text;
}

// Throws what pqxx throws.
int read_version(pqxx::work& work) {
  if (!work.exec(sql::has_schema_version)[0][0].as<bool>()) return 0;
  return work.exec(sql::read_schema_version)[0][0].as<int>();
}

Status refuse_newer(const SchemaStatus& status) {
  if (status.database <= status.files) return {};
  return fail(Error{fmt::format("the database has schema version {}, the files end at {}: use a "
                                "newer wg-provisionctl",
                                status.database, status.files)});
}

// The file that hands the schema over needs the rights of its former owner and of the new one.
constexpr int hands_the_schema_over = 10;

// What a migration makes belongs to the role that the schema belongs to, whoever applies it: the
// functions run with that role's rights. The statement that makes us that role; empty when we are
// it, or when there is no schema yet. Throws what pqxx throws.
Result<std::string> become_owner(pqxx::work& work) {
  const pqxx::result owners = work.exec(sql::schema_owner);
  if (owners.empty() || owners[0][1].as<bool>()) return std::string{};
  if (owners[0][2].as<bool>()) return owners[0][3].as<std::string>();
  return fail(
      Error{fmt::format("the schema belongs to the role {0}, for which {1} may not act: log "
                        "in as a superuser, or let one GRANT {0} TO {1}",
                        owners[0][0].as<std::string>(), owners[0][4].as<std::string>()),
            EPERM});
}

// Applies the first file that the database lacks. False when there is none.
Result<bool> apply_next(postgres::RawConnection& connection,
                        const std::vector<Migration>& migrations, MigrationReport& report) {
  std::string doing = "lock the schema";
  try {
    pqxx::work work{connection};
    work.exec(postgres::sql::begin_transaction);
    work.exec(sql::lock_migrations);
    doing = "read the schema version";
    const Result<std::string> become = become_owner(work);
    if (!become) return fail(become.error());
    report.after = read_version(work);
    if (report.applied.empty()) report.before = report.after;
    const SchemaStatus status{.database = report.after, .files = migrations.back().number};
    const Status newer = refuse_newer(status);
    if (!newer) return fail(newer.error());
    if (status.database == status.files) return false;

    const Migration& next = migrations[static_cast<std::size_t>(status.database)];
    const std::string name = next.file.filename().string();
    const Result<std::string> text = read_file(next.file);
    if (!text) return fail(text.error());
    if (!become->empty() && next.number != hands_the_schema_over) work.exec(*become);
    doing = fmt::format("apply {}", name);
    work.exec(*text);
    exec_params(work, sql::write_schema_version, next.number);
    work.commit();
    report.after = next.number;
    report.applied.push_back(name);
    return true;
  } catch (const std::exception& cause) {
    return fail(Error{one_line(cause.what())}.while_doing(doing));
  }
}

} // namespace

Result<std::vector<Migration>> read_migrations(const path& directory) {
  std::error_code error;
  std::vector<Migration> migrations;
  for (std::filesystem::directory_iterator entry{directory, error}, end; !error && entry != end;
       entry.increment(error)) {
    if (entry->path().extension() != ".sql") continue;
    const std::optional<int> number = number_of(entry->path().filename().string());
    if (!number)
      return fail(Error{fmt::format("{}: not a migration's name, such as 0001_peers.sql",
                                    entry->path().string())});
    migrations.push_back({.number = *number, .file = entry->path()});
  }
  if (error) return fail(Error::system(fmt::format("read {}", directory.string()), error.value()));
  if (migrations.empty())
    return fail(Error{fmt::format("{}: no migrations here", directory.string())});
  std::sort(migrations.begin(), migrations.end(),
            [](const Migration& a, const Migration& b) { return a.number < b.number; });
  for (std::size_t i = 0; i < migrations.size(); ++i) {
    if (migrations[i].number != static_cast<int>(i) + 1)
      return fail(Error{fmt::format("{}: migration {} is missing, or a number stands twice",
                                    directory.string(), i + 1)});
  }
  return migrations;
}

Result<MigrationReport> migrate(const SecretString& dsn, const path& directory) {
  const Result<std::vector<Migration>> migrations = read_migrations(directory);
  if (!migrations) return fail(migrations.error());
  const Result<std::unique_ptr<postgres::RawConnection>> connection =
      postgres::open_connection(dsn);
  if (!connection) return fail(connection.error());
  MigrationReport report;
  while (true) {
    const Result<bool> applied = apply_next(**connection, *migrations, report);
    if (!applied) return fail(applied.error().while_doing("migrate"));
    if (!*applied) return report;
  }
}

Result<SchemaStatus> schema_status(const SecretString& dsn, const path& directory) {
  const Result<std::vector<Migration>> migrations = read_migrations(directory);
  if (!migrations) return fail(migrations.error());
  const Result<std::unique_ptr<postgres::RawConnection>> connection =
      postgres::open_connection(dsn);
  if (!connection) return fail(connection.error());
  try {
    pqxx::work work{**connection};
    work.exec(postgres::sql::begin_transaction);
    return SchemaStatus{.database = read_version(work), .files = migrations->back().number};
  } catch (const std::exception& cause) {
    return fail(Error{one_line(cause.what())}.while_doing("read the schema version"));
  }
}

} // namespace provisiond::registry
