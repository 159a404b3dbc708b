#include "settings/file.hpp"

#include "base/unique_fd.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace provisiond::settings {

Result<SmallFile> read_small_file(const std::string& path, std::size_t maximum) {
  // Without O_NONBLOCK, a pipe would wait for its writer.
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!fd) return fail(Error::system("cannot be opened", errno));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return fail(Error::system("cannot be examined", errno));
  if (!S_ISREG(status.st_mode)) return fail(Error{"is not a regular file"});

  SmallFile file;
  file.world_readable = (status.st_mode & S_IROTH) != 0;
  file.text.resize(maximum + 1);
  std::size_t length = 0;
  while (length < file.text.size()) {
    const ssize_t got = ::read(fd.get(), file.text.data() + length, file.text.size() - length);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail(Error::system("cannot be read", errno));
    if (got == 0) break;
    length += static_cast<std::size_t>(got);
  }
  if (length > maximum) return fail(Error{fmt::format("is larger than {} bytes", maximum)});
  file.text.resize(length);
  return file;
}

} // namespace provisiond::settings
