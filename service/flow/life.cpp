#include "flow/life.hpp"

#include "base/fault_point.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace provisiond::flow {

namespace {

// Answers of devices are taken for so long in one turn, a batch at least; what comes later has the
// next one.
constexpr Duration longest_commit = std::chrono::milliseconds{2};

bool has(const std::vector<peers::QueuedChange>& changes, peers::Purpose purpose) {
  return std::ranges::any_of(
      changes, [&](const peers::QueuedChange& queued) { return queued.purpose == purpose; });
}

} // namespace

void Life::attach(InterfaceId id, Attachment attachment) {
  Interface& interface = context_.interface_of(id);
  interface.identity = std::move(attachment.identity);
  interface.ifindex = attachment.ifindex;
  interface.listen_port = attachment.listen_port;
}

void Life::detach(InterfaceId id) {
  Interface& interface = context_.interface_of(id);
  for (const auto& [key, greeted] : context_.greetings.end_all(id))
    context_.refuse(greeted.sighting, Refusal::interface_gone, key, context_.wiring.clock());
  interface.identity.reset();
  interface.ifindex = 0;
  interface.listen_port = 0;
  interface.report_due = {};
  interface.peers.clear();
  interface.inspection = {};
  interface.removal = {};
  interface.candidate_search = {};
  interface.candidates.clear();
  interface.known = Interface::Known::none;
  context_.revalidation.forget(id);
  passes_.count_peers();
}

void Life::begin_pass(InterfaceId id) {
  passes_.begin(context_.interface_of(id));
}

void Life::take_pass(InterfaceId id, kernel::PeerList found, const Instant& now) {
  passes_.take(context_.interface_of(id), std::move(found), now);
}

bool Life::has_work() const {
  return departures_.has_work() || passes_.has_work() || rows_.has_work();
}

void Life::answered(LookupAnswer& answer, const Instant& now) {
  if (answer.purpose == LookupPurpose::enrol)
    rows_.enrolled(answer, now);
  else
    rows_.revalidated(answer);
}

// A device that answers at once gets what its answers have led to in the same turn.
void Life::commit(const Instant& now) {
  const TimePoint end = context_.wiring.clock().steady + longest_commit;
  bool is_over = false;
  while (true) {
    for (Interface& interface : context_.wiring.interfaces)
      hand_over(interface, now);
    if (is_over) break;
    std::vector<peers::Acknowledgement> arrived = context_.wiring.acknowledgements.drain(1);
    if (arrived.empty()) break;
    for (peers::Acknowledgement& acknowledgement : arrived)
      take(std::move(acknowledgement), context_.wiring.clock());
    is_over = context_.wiring.clock().steady >= end;
  }
  std::size_t greeting = 0;
  for (const Interface& interface : context_.wiring.interfaces)
    greeting += interface.peers.table().count(PeerStage::greeting);
  context_.wiring.metrics.greeting.set(static_cast<std::int64_t>(greeting));
}

void Life::hand_over(Interface& interface, const Instant& now) {
  if (!interface.is_present()) return;
  departures_.go_on(interface);
  if (interface.is_dry_run) return; // nothing has been queued; if anything were, it would stay
  std::optional<peers::Batch> batch = interface.peers.next_batch(now.steady);
  if (!batch) return;
  batch->interface = interface.id;
  batch->ifindex = interface.ifindex;
  if (has(batch->changes, peers::Purpose::create)) fault_point("after-lookup");
  if (has(batch->changes, peers::Purpose::remove)) fault_point("before-eviction");
  if (!context_.wiring.submit(std::move(*batch))) interface.peers.put_back(std::move(*batch));
}

void Life::take(peers::Acknowledgement&& acknowledgement, const Instant& now) {
  Interface& interface = context_.interface_of(acknowledgement.batch.interface);
  if (has(acknowledgement.batch.changes, peers::Purpose::create)) {
    fault_point("after-install");
    context_.wiring.metrics.install_duration.observe(acknowledgement.took);
  }
  context_.report.device_errors(interface, acknowledgement.statuses);
  for (const peers::Outcome& outcome :
       interface.peers.acknowledge(std::move(acknowledgement), now.steady))
    take(interface, outcome, now);
}

void Life::take(Interface& interface, const peers::Outcome& outcome, const Instant& now) {
  switch (outcome.kind) {
  case peers::Outcome::Kind::installed:
    return installs_.installed(interface, outcome.key, now);
  case peers::Outcome::Kind::refused:
    return installs_.refused(interface, outcome.key, *outcome.error, now);
  case peers::Outcome::Kind::not_changed:
    return Rows::not_followed(interface, outcome.key);
  case peers::Outcome::Kind::removed:
    return departures_.removed(interface, outcome.key, outcome.departure, now);
  }
}

} // namespace provisiond::flow
