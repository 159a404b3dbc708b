#pragma once

#include "base/public_key.hpp"
#include "handoff/report.hpp"

#include <cstddef>
#include <deque>
#include <list>
#include <map>
#include <vector>

namespace provisiond::lookup {

// What waits to be told to the database. Claims are kept until they are taken, one per key, by the
// rule that the database has as well: a claim whose initiation is older than the one that waits is
// of no use. Of everything else a sample is kept, the first that come. Not for concurrent use.
//
// Memory: at most 65,536 claims, of about 200 bytes; when there are more, the oldest go. At most 64
// other reports.
class PendingReports {
 public:
  static constexpr std::size_t maximum_claims = 65'536;
  static constexpr std::size_t maximum_others = 64;

  void add(DatabaseReport&& report);

  // The oldest, in their order; at most `limit`.
  std::vector<SessionClaim> take_claims(std::size_t limit);
  std::vector<DatabaseReport> take_others(std::size_t limit);

  // Claims that could not be written: they wait again, before all others, but for keys that have
  // been claimed anew.
  void put_back(std::vector<SessionClaim>&& claims);
  // The same, but after all others, which go on without them.
  void postpone(std::vector<SessionClaim>&& claims);

  [[nodiscard]] std::size_t claims() const { return claims_.size(); }
  [[nodiscard]] std::size_t others() const { return others_.size(); }
  [[nodiscard]] std::size_t dropped_claims() const { return dropped_claims_; } // since the start

 private:
  void add_claim(SessionClaim&& claim);
  bool is_claimed_anew(const SessionClaim& claim);
  void drop_oldest_claim();

  std::list<SessionClaim> claims_; // the oldest first
  std::map<PublicKey, std::list<SessionClaim>::iterator> by_key_;
  std::deque<DatabaseReport> others_;
  std::size_t dropped_claims_ = 0;
};

} // namespace provisiond::lookup
