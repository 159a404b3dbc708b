#pragma once

#include "base/public_key.hpp"
#include "handoff/report.hpp"

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <vector>

namespace provisiond::lookup {

// What waits to be told to the database. A session's ownership is kept until it is taken, one per
// key, by the rule that the database has as well: one whose initiation is older than that of the
// one that waits is of no use. Of everything else a sample is kept, the first that come. Not for
// concurrent use.
//
// Memory: at most 65,536 ownerships, of about 200 bytes; when there are more, the oldest go. At
// most 64 other reports.
class PendingReports {
 public:
  static constexpr std::size_t maximum_ownerships = 65'536;
  static constexpr std::size_t maximum_others = 64;

  void add(DatabaseReport&& report);

  // The oldest, in their order; at most `limit`.
  std::vector<SessionOwnership> take_ownerships(std::size_t limit);
  std::vector<DatabaseReport> take_others(std::size_t limit);

  // Those that could not be written: they wait again, before all others, but for keys for which a
  // newer one has come.
  void put_back(std::vector<SessionOwnership>&& ownerships);
  // The same, but after all others, which go on without them.
  void postpone(std::vector<SessionOwnership>&& ownerships);

  [[nodiscard]] std::size_t ownerships() const { return ownerships_.size(); }
  [[nodiscard]] std::size_t others() const { return others_.size(); }
  [[nodiscard]] std::size_t dropped_ownerships() const { return dropped_; } // since the start

 private:
  void add_ownership(SessionOwnership&& ownership);
  bool has_newer(const SessionOwnership& ownership);
  void drop_oldest();

  std::list<SessionOwnership> ownerships_; // the oldest first
  std::map<PublicKey, std::list<SessionOwnership>::iterator> by_key_;
  std::deque<DatabaseReport> others_;
  std::size_t dropped_ = 0;
};

} // namespace provisiond::lookup
