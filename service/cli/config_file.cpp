#include "cli/config_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace provisiond::cli {
namespace {

constexpr mode_t owner_only = 0600;

// The caller's exit status follows the code of an error, so a system call's own is not kept.
Error file_error(const std::string& operation, int cause, int code) {
  return Error{Error::system(operation, cause).message(), code};
}

} // namespace

Result<ConfigFile> ConfigFile::create(const std::string& name) {
  const std::string operation = "create " + name;
  const UniqueFd reserved{
      ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, owner_only)};
  if (!reserved) return fail(file_error(operation, errno, EINVAL));
  ConfigFile file;
  file.name_ = name;
  std::string hidden_name = name + ".XXXXXX";
  file.file_.reset(::mkostemp(hidden_name.data(), O_CLOEXEC)); // mode 0600
  if (!file.file_) return fail(file_error(operation, errno, EINVAL));
  file.hidden_name_ = hidden_name;
  return file;
}

ConfigFile::ConfigFile(ConfigFile&& other) noexcept
    : name_{std::exchange(other.name_, {})},
      hidden_name_{std::exchange(other.hidden_name_, {})}, file_{std::move(other.file_)} {}

ConfigFile::~ConfigFile() {
  if (!hidden_name_.empty()) ::unlink(hidden_name_.c_str());
  if (!name_.empty()) ::unlink(name_.c_str());
}

Status ConfigFile::write(std::string_view text) {
  const Status written = write_all(file_.get(), text);
  if (!written) return fail(written.error().while_doing("write " + name_));
  if (::fsync(file_.get()) != 0) return fail(file_error("write " + name_, errno, 0));
  return {};
}

Status ConfigFile::publish() {
  if (::rename(hidden_name_.c_str(), name_.c_str()) != 0)
    return fail(file_error("rename " + hidden_name_ + " to " + name_, errno, 0));
  hidden_name_.clear();
  name_.clear();
  return {};
}

Status write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return fail(file_error("write", errno, 0));
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

} // namespace provisiond::cli
