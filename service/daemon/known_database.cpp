#include "daemon/known_database.hpp"

#include "base/error.hpp"
#include "base/log.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace provisiond::daemon {
namespace {

constexpr std::string_view heading = "wg-provisiond database ";
constexpr std::size_t longest_identity = 64;
constexpr std::size_t record_bytes = 256; // blanks at the end

std::string checksum_of(std::string_view identity) {
  std::array<std::uint8_t, crypto_generichash_BYTES_MIN> sum{};
  crypto_generichash(sum.data(), sum.size(),
                     reinterpret_cast<const unsigned char*>(identity.data()), // NOLINT
                     identity.size(), nullptr, 0);
  return fmt::format("{:02x}", fmt::join(sum, ""));
}

std::string record_of(std::string_view identity) {
  std::string record = fmt::format("{}{} {}", heading, identity, checksum_of(identity));
  record.resize(record_bytes - 1, ' ');
  return record + '\n';
}

// Empty when it is no record of ours.
std::string identity_in(std::string_view record) {
  if (!record.starts_with(heading)) return {};
  const std::string_view rest = record.substr(heading.size());
  const std::string_view identity = rest.substr(0, rest.find(' '));
  const bool is_sound = !identity.empty() && identity.size() <= longest_identity &&
                        record == std::string_view{record_of(identity)};
  return is_sound ? std::string{identity} : std::string{};
}

void warn(const std::string& path, std::string_view why) {
  log::warning("which database is ours is not kept over restarts",
               {{"file", path}, {"why", std::string{why}}});
}

} // namespace

KnownDatabase KnownDatabase::open(const std::string& path) {
  KnownDatabase known;
  constexpr mode_t own_only = 0600;
  UniqueFd file{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_DSYNC, // NOLINT
                       own_only)};
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0) {
    warn(path, Error::system("open", errno).message());
    return known;
  }
  if (!S_ISREG(status.st_mode)) {
    warn(path, "it is no regular file");
    return known;
  }
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    warn(path, "another process has it");
    return known;
  }
  if ((status.st_mode & 0777) != own_only && ::fchmod(file.get(), own_only) != 0)
    warn(path, Error::system("set its mode", errno).message());
  std::array<char, record_bytes> record{};
  const ssize_t count = ::pread(file.get(), record.data(), record.size(), 0);
  if (count > 0) known.identity_ = identity_in({record.data(), static_cast<std::size_t>(count)});
  if (count != 0 && known.identity_.empty())
    log::warning("what was kept of the database is damaged, the first that answers is taken for it",
                 {{"file", path}});
  known.file_ = std::move(file);
  return known;
}

void KnownDatabase::keep(const std::string& identity) {
  identity_ = identity;
  if (!file_ || identity.size() > longest_identity) return;
  const std::string record = record_of(identity);
  if (::pwrite(file_.get(), record.data(), record.size(), 0) != static_cast<ssize_t>(record.size()))
    log::warning("which database is ours could not be written",
                 {{"error", Error::system("write", errno).message()}});
}

std::string identity_file(const settings::Database& database) {
  if (!database.identity_file.empty()) return database.identity_file;
  const char* const folder = std::getenv("STATE_DIRECTORY"); // NOLINT(concurrency-mt-unsafe)
  const std::string_view given = folder == nullptr ? "" : folder;
  const std::string_view first = given.substr(0, given.find(':'));
  return fmt::format("{}/database", first.empty() ? "/var/lib/wg-provisiond" : first);
}

} // namespace provisiond::daemon
