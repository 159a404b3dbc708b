#include "lookup/pending_reports.hpp"

#include <utility>
#include <variant>

namespace provisiond::lookup {

void PendingReports::add(DatabaseReport&& report) {
  if (SessionClaim* const claim = std::get_if<SessionClaim>(&report)) {
    add_claim(std::move(*claim));
  } else if (others_.size() < maximum_others) {
    others_.push_back(std::move(report));
  }
}

void PendingReports::add_claim(SessionClaim&& claim) {
  const auto known = by_key_.find(claim.key);
  if (known != by_key_.end()) {
    const SessionClaim& waiting = *known->second;
    if (claim.initiation && waiting.initiation && *claim.initiation < *waiting.initiation) return;
    if (!claim.initiation) claim.initiation = waiting.initiation;
    *known->second = std::move(claim);
    return;
  }
  if (claims_.size() == maximum_claims) drop_oldest_claim();
  const PublicKey key = claim.key;
  by_key_.emplace(key, claims_.insert(claims_.end(), std::move(claim)));
}

void PendingReports::drop_oldest_claim() {
  by_key_.erase(claims_.front().key);
  claims_.pop_front();
  ++dropped_claims_;
}

std::vector<SessionClaim> PendingReports::take_claims(std::size_t limit) {
  std::vector<SessionClaim> taken;
  while (!claims_.empty() && taken.size() < limit) {
    by_key_.erase(claims_.front().key);
    taken.push_back(std::move(claims_.front()));
    claims_.pop_front();
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
bool PendingReports::is_claimed_anew(const SessionClaim& claim) {
  const auto known = by_key_.find(claim.key);
  if (known == by_key_.end()) return false;
  SessionClaim& newer = *known->second;
  if (!newer.initiation) newer.initiation = claim.initiation;
  return true;
}

void PendingReports::postpone(std::vector<SessionClaim>&& claims) {
  for (SessionClaim& claim : claims) {
    if (!is_claimed_anew(claim)) add_claim(std::move(claim));
  }
}

void PendingReports::put_back(std::vector<SessionClaim>&& claims) {
  for (std::vector<SessionClaim>::reverse_iterator next = claims.rbegin(); next != claims.rend();
       ++next) {
    SessionClaim& claim = *next;
    if (is_claimed_anew(claim)) continue;
    if (claims_.size() == maximum_claims) {
      ++dropped_claims_; // older than all that wait
    } else {
      const PublicKey key = claim.key;
      by_key_.emplace(key, claims_.insert(claims_.begin(), std::move(claim)));
    }
  }
}

} // namespace provisiond::lookup
