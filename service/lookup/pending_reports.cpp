#include "lookup/pending_reports.hpp"

#include <utility>
#include <variant>

namespace provisiond::lookup {

void PendingReports::add(DatabaseReport&& report) {
  if (SessionOwnership* const ownership = std::get_if<SessionOwnership>(&report)) {
    add_ownership(std::move(*ownership));
  } else if (others_.size() < maximum_others) {
    others_.push_back(std::move(report));
  }
}

void PendingReports::add_ownership(SessionOwnership&& ownership) {
  const auto known = by_key_.find(ownership.key);
  if (known != by_key_.end()) {
    const SessionOwnership& waiting = *known->second;
    if (ownership.initiation && waiting.initiation && *ownership.initiation < *waiting.initiation)
      return;
    if (!ownership.initiation) ownership.initiation = waiting.initiation;
    *known->second = std::move(ownership);
    return;
  }
  if (ownerships_.size() == maximum_ownerships) drop_oldest();
  const PublicKey key = ownership.key;
  by_key_.emplace(key, ownerships_.insert(ownerships_.end(), std::move(ownership)));
}

void PendingReports::drop_oldest() {
  by_key_.erase(ownerships_.front().key);
  ownerships_.pop_front();
  ++dropped_;
}

std::vector<SessionOwnership> PendingReports::take_ownerships(std::size_t limit) {
  std::vector<SessionOwnership> taken;
  while (!ownerships_.empty() && taken.size() < limit) {
    by_key_.erase(ownerships_.front().key);
    taken.push_back(std::move(ownerships_.front()));
    ownerships_.pop_front();
  }
  return taken;
}

std::vector<DatabaseReport> PendingReports::take_others(std::size_t limit) {
  std::vector<DatabaseReport> taken;
  while (!others_.empty() && taken.size() < limit) {
    taken.push_back(std::move(others_.front()));
    others_.pop_front();
  }
  return taken;
}

// The newer one takes over what the one that was taken out knew.
bool PendingReports::has_newer(const SessionOwnership& ownership) {
  const auto known = by_key_.find(ownership.key);
  if (known == by_key_.end()) return false;
  SessionOwnership& newer = *known->second;
  if (!newer.initiation) newer.initiation = ownership.initiation;
  return true;
}

void PendingReports::postpone(std::vector<SessionOwnership>&& ownerships) {
  for (SessionOwnership& ownership : ownerships) {
    if (!has_newer(ownership)) add_ownership(std::move(ownership));
  }
}

void PendingReports::put_back(std::vector<SessionOwnership>&& ownerships) {
  for (std::vector<SessionOwnership>::reverse_iterator next = ownerships.rbegin();
       next != ownerships.rend(); ++next) {
    SessionOwnership& ownership = *next;
    if (has_newer(ownership)) continue;
    if (ownerships_.size() == maximum_ownerships) {
      ++dropped_; // older than all that wait
    } else {
      const PublicKey key = ownership.key;
      by_key_.emplace(key, ownerships_.insert(ownerships_.begin(), std::move(ownership)));
    }
  }
}

} // namespace provisiond::lookup
