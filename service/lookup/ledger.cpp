#include "lookup/ledger.hpp"

#include <algorithm>

namespace provisiond::lookup {

std::optional<std::uint64_t> Ledger::take(LookupPurpose purpose, const PeerId& id, TimePoint now) {
  if (questions_.size() >= limits_.places || under_way(purpose) >= most(purpose))
    return std::nullopt;
  const std::uint64_t number = ++last_number_;
  questions_.emplace_hint(
      questions_.end(), number,
      Question{.number = number, .purpose = purpose, .id = id, .asked_at = now});
  ++counts_[static_cast<std::size_t>(purpose)];
  return number;
}

bool Ledger::free(std::uint64_t number) {
  const std::map<std::uint64_t, Question>::iterator found = questions_.find(number);
  if (found == questions_.end()) return false;
  count_down(found->second);
  questions_.erase(found);
  return true;
}

std::vector<Ledger::Question> Ledger::give_up(TimePoint now) {
  std::vector<Question> given_up;
  while (!questions_.empty() && now - questions_.begin()->second.asked_at >= limits_.deadline) {
    given_up.push_back(questions_.begin()->second);
    count_down(given_up.back());
    questions_.erase(questions_.begin());
  }
  return given_up;
}

std::size_t Ledger::most(LookupPurpose purpose) const {
  switch (purpose) {
  case LookupPurpose::proven:
  case LookupPurpose::enrol:
    return limits_.places;
  case LookupPurpose::revalidate:
    return std::max<std::size_t>(limits_.places / 2, 1);
  case LookupPurpose::claimed:
    return std::max<std::size_t>(limits_.places / 4, 1);
  }
  return 0;
}

void Ledger::count_down(const Question& question) {
  --counts_[static_cast<std::size_t>(question.purpose)];
}

} // namespace provisiond::lookup
