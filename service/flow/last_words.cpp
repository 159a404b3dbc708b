#include "flow/last_words.hpp"

namespace provisiond::flow {

namespace {

// Said before the sender has shown that it holds the key.
bool is_said_to_a_claim(Refusal refusal) {
  switch (refusal) {
  case Refusal::own_key:
  case Refusal::already_installed:
  case Refusal::known_refused:
  case Refusal::forged:
  case Refusal::claim_budget:
    return true;
  default:
    return false;
  }
}

// Only the database says this, and of a key that it has.
bool is_of_a_known_key(Refusal refusal) {
  switch (refusal) {
  case Refusal::revoked:
  case Refusal::disabled:
  case Refusal::not_yet_valid:
  case Refusal::expired:
  case Refusal::other_network:
  case Refusal::invalid_row:
  case Refusal::source_not_allowed:
    return true;
  default:
    return false;
  }
}

} // namespace

void LastWords::refused(const PeerId& id, Refusal refusal, const Sighting& sighting,
                        TimePoint now) {
  const bool is_proven = sighting.has_initiation() && !is_said_to_a_claim(refusal);
  const bool is_known = is_proven && is_of_a_known_key(refusal);
  Found& found = place_of(id, is_known, now);
  std::optional<LastWord>& word = is_proven ? found.proven : found.claimed;
  word = {.event = "refused", .reason = to_string(refusal), .source = sighting.source, .at = now};
}

void LastWords::note(const PeerId& id, std::string_view event, std::string_view reason,
                     TimePoint now) {
  place_of(id, true, now).proven = {.event = event, .reason = reason, .source = {}, .at = now};
}

LastWords::Found LastWords::find(const PeerId& id) const {
  const Found* found = known_.find(id);
  if (found == nullptr) found = strangers_.find(id);
  return found == nullptr ? Found{} : *found;
}

LastWords::Found& LastWords::place_of(const PeerId& id, bool is_known, TimePoint now) {
  const Found* const known = known_.find(id);
  if (known == nullptr && !is_known) return strangers_.touch(id, now);
  // What was said while it was a stranger goes along.
  const Found before = known == nullptr ? find(id) : Found{};
  Found& place = known_.touch(id, now);
  if (known == nullptr) place = before;
  return place;
}

} // namespace provisiond::flow
