#include "lookup/report_queue.hpp"

#include <cstdint>
#include <utility>

namespace provisiond::lookup {

void ReportQueue::push(DatabaseReport&& report) {
  state_.with([&](State& state) {
    if (state.is_closed) return;
    const std::size_t dropped = state.pending.dropped_ownerships();
    state.pending.add(std::move(report));
    count(state.pending, dropped);
  });
}

void ReportQueue::close() {
  state_.with([](State& state) { state.is_closed = true; });
}

std::vector<SessionOwnership> ReportQueue::take_ownerships(std::size_t limit) {
  return state_.with([&](State& state) {
    std::vector<SessionOwnership> taken = state.pending.take_ownerships(limit);
    count(state.pending, state.pending.dropped_ownerships());
    return taken;
  });
}

std::vector<DatabaseReport> ReportQueue::take_others(std::size_t limit) {
  return state_.with([&](State& state) { return state.pending.take_others(limit); });
}

void ReportQueue::put_back(std::vector<SessionOwnership>&& ownerships) {
  state_.with([&](State& state) {
    const std::size_t dropped = state.pending.dropped_ownerships();
    state.pending.put_back(std::move(ownerships));
    count(state.pending, dropped);
  });
}

void ReportQueue::postpone(std::vector<SessionOwnership>&& ownerships) {
  state_.with([&](State& state) {
    const std::size_t dropped = state.pending.dropped_ownerships();
    state.pending.postpone(std::move(ownerships));
    count(state.pending, dropped);
  });
}

bool ReportQueue::has_ownerships() const {
  return state_.with([](const State& state) { return state.pending.ownerships() > 0; });
}

void ReportQueue::count(const PendingReports& pending, std::size_t dropped_before) {
  metrics_.session_ownerships_dropped.add(pending.dropped_ownerships() - dropped_before);
  metrics_.session_ownerships_waiting.set(static_cast<std::int64_t>(pending.ownerships()));
}

} // namespace provisiond::lookup
