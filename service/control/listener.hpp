#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <sys/types.h>

#include <optional>
#include <string>

namespace provisiond::control {

// The control socket in the file system: mode 0660, in `group` if there is one. The file that a
// daemon left behind is replaced, one that somebody listens at is not. Ends with its file.
class Listener {
 public:
  // Makes the folder if only that is missing.
  static Result<Listener> open(const std::string& path, std::optional<gid_t> group);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Does not block, neither itself nor who was accepted.
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  Listener(UniqueFd fd, std::string path) : fd_{std::move(fd)}, path_{std::move(path)} {}

  UniqueFd fd_;
  std::string path_; // empty: not ours to take away
  dev_t device_ = 0; // of the file that we made, so that no other is taken away
  ino_t inode_ = 0;
};

} // namespace provisiond::control
