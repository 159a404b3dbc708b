#include "flow/flow.hpp"

#include <utility>
#include <variant>

namespace provisiond::flow {

Flow::Flow(const Wiring& wiring, const Limits& limits, const Instant& now)
    : context_{wiring, limits}, life_{context_}, first_contact_{context_, life_.installs(),
                                                                now.steady} {}

void Flow::answered(LookupAnswer answer, const Instant& now) {
  const Refusal* const refused = std::get_if<Refusal>(&answer.verdict);
  if (refused == nullptr || *refused != Refusal::database_unavailable) life_.stop_removal();
  if (context_.wiring.ledger.free(answer.number)) take_answer(answer, now); // else: given up
}

void Flow::take_answer(LookupAnswer& answer, const Instant& now) {
  switch (answer.purpose) {
  case LookupPurpose::proven:
  case LookupPurpose::claimed:
    return first_contact_.answered(answer, now);
  case LookupPurpose::revalidate:
  case LookupPurpose::enrol:
    return life_.answered(answer, now);
  }
}

KeyExplanation Flow::explain(const PeerId& id, Surroundings surroundings, TimePoint now) const {
  return Explainer{context_, first_contact_}.explain(id, surroundings, now);
}

SourceExplanation Flow::explain(const IpAddress& source, TimePoint now) const {
  return Explainer{context_, first_contact_}.explain(source, now);
}

void Flow::give_up_questions(const Instant& now) {
  for (const lookup::Ledger::Question& question : context_.wiring.ledger.give_up(now.steady)) {
    context_.wiring.metrics.lookup_errors.add();
    LookupAnswer answer{.interface = question.id.interface,
                        .key = question.id.key,
                        .purpose = question.purpose,
                        .number = question.number,
                        .verdict = Refusal::database_unavailable,
                        .asked_at = question.asked_at};
    take_answer(answer, now);
  }
}

} // namespace provisiond::flow
