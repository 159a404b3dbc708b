#include "cluster.hpp"

#include "registry/migrate.hpp"

#include <fmt/format.h>
#include <pqxx/pqxx>
#include <sodium.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <span>

namespace provisiond::database_test {
namespace {

constexpr const char* template_name = "migrated";

[[noreturn]] void give_up(const std::string& why) {
  fmt::print(stderr, "database_test: {}\n", why);
  std::abort();
}

std::string environment(const char* name) {
  const char* const value = std::getenv(name); // NOLINT(concurrency-mt-unsafe): nobody sets it
  if (value == nullptr) give_up(fmt::format("{} is not set; start it with run.sh", name));
  return value;
}

std::string run(const std::string& dsn, const std::string& statement) {
  try {
    pqxx::connection connection{dsn};
    pqxx::nontransaction work{connection};
    const pqxx::result rows = work.exec(statement);
    return rows.empty() || rows.columns() == 0 ? "" : rows[0][0].c_str();
  } catch (const std::exception& cause) {
    give_up(fmt::format("{}: {}", statement, cause.what()));
  }
}

void make_template() {
  const std::string server = Cluster::dsn("postgres", "postgres");
  run(server, fmt::format("CREATE DATABASE {}", template_name));
  const Result<registry::MigrationReport> report =
      registry::migrate(Cluster::dsn(template_name, "postgres"), PROVISIOND_SOURCE_DIR "/schema");
  if (!report) give_up(report.error().message());
  run(server, "CREATE ROLE gateway LOGIN");
  run(server, "CREATE ROLE needs_password LOGIN PASSWORD 'right'");
  run(server, "GRANT wg_provision_daemon TO gateway, needs_password");
  run(Cluster::dsn(template_name, "postgres"),
      "INSERT INTO wg_provision.networks (name) VALUES ('office'), ('fleet')");
}

} // namespace

std::string Cluster::dsn(const std::string& database, const std::string& user) {
  return fmt::format("host={} dbname={} user={}", environment("PROVISIOND_TEST_CLUSTER"), database,
                     user);
}

void Cluster::control(const std::string& verb) {
  std::string script = environment("PROVISIOND_TEST_CONTROL");
  std::string folder = environment("PROVISIOND_TEST_CLUSTER");
  std::string word = verb;
  const std::array<char*, 4> arguments{script.data(), folder.data(), word.data(), nullptr};
  pid_t child = 0;
  int status = 0;
  const int failed =
      ::posix_spawn(&child, script.c_str(), nullptr, nullptr, arguments.data(), environ);
  if (failed != 0 || ::waitpid(child, &status, 0) != child || status != 0)
    give_up(fmt::format("{} {} {}", script, folder, verb));
}

Database::Database(Contents contents) {
  static const bool made = (make_template(), true);
  static int number = 0;
  name_ = fmt::format("test_{}", number += made ? 1 : 0);
  run(Cluster::dsn("postgres", "postgres"),
      fmt::format("CREATE DATABASE {} TEMPLATE {}", name_,
                  contents == Contents::empty ? "template0" : template_name));
}

Database::~Database() {
  run(Cluster::dsn("postgres", "postgres"), fmt::format("DROP DATABASE {} WITH (FORCE)", name_));
}

std::string Database::sql(const std::string& statement) const {
  return run(admin_dsn(), statement);
}

std::string Database::add_peer(const PublicKey& key, const std::string& columns,
                               const std::string& values) const {
  return sql(fmt::format("INSERT INTO wg_provision.peers (public_key, {}) "
                         "VALUES (decode('{}', 'base64'), {}) RETURNING id",
                         columns, key.to_string(), values));
}

PublicKey key_of(std::uint32_t number) {
  PublicKey key;
  std::array<std::uint8_t, randombytes_SEEDBYTES> seed{};
  std::memcpy(seed.data(), &number, sizeof number);
  randombytes_buf_deterministic(key.bytes.data(), key.bytes.size(), seed.data());
  return key;
}

} // namespace provisiond::database_test
