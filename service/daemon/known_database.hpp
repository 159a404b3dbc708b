#pragma once

#include "base/unique_fd.hpp"
#include "settings/settings.hpp"

#include <string>

namespace provisiond::daemon {

// The identity of the database that this gateway takes for its own, kept over restarts in a file of
// its own: 0600, one line with a checksum, written in one piece that no sector's edge goes through.
// A file that is not there or damaged is one without an identity. Where nothing can be written, it
// is kept until the end of the process. All of that is a line in the log at the start.
//
// The file is opened before the process is confined, which opens none for writing afterwards, and
// locked: of two daemons with one file the second keeps nothing. Writing waits for the disk; it is
// done at the first start and when an operator accepts another database.
class KnownDatabase {
 public:
  static KnownDatabase open(const std::string& path);

  [[nodiscard]] const std::string& identity() const { return identity_; } // empty: none yet
  void keep(const std::string& identity);

 private:
  UniqueFd file_; // none: in memory only
  std::string identity_;
};

// The one in the settings, else in the folder that the service manager gave, else in the usual one.
std::string identity_file(const settings::Database& database);

} // namespace provisiond::daemon
