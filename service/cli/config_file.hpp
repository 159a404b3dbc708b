#pragma once

#include "base/result.hpp"
#include "base/unique_fd.hpp"

#include <string>
#include <string_view>

namespace provisiond::cli {

// A new file with mode 0600 that nobody sees half written: its name is taken at once, so that
// nothing is overwritten, and its text appears under that name by `publish` and not before. Without
// `publish` nothing is left behind.
class ConfigFile {
 public:
  // Error code EINVAL when the name cannot be taken.
  static Result<ConfigFile> create(const std::string& name);

  ConfigFile(ConfigFile&& other) noexcept;
  ConfigFile& operator=(ConfigFile&&) = delete;
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;
  ~ConfigFile();

  // Writes to the disk, under another name in the same folder.
  Status write(std::string_view text);
  Status publish();
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  ConfigFile() = default;

  std::string name_; // empty: nothing to take away
  std::string hidden_name_;
  UniqueFd file_;
};

// All of it, to a descriptor.
Status write_all(int fd, std::string_view text);

} // namespace provisiond::cli
