#include "peers/device_queue.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <utility>

namespace provisiond::peers {

Verdict verdict_on(const Error& error) {
  constexpr std::array no_answers{EAGAIN,     ETIMEDOUT, EINTR,        EPIPE,
                                  ECONNRESET, EBUSY,     ECONNREFUSED, ENOBUFS};
  if (error.code() == ENODEV || error.code() == ENOENT) return Verdict::gone;
  const bool is_silence = std::ranges::find(no_answers, error.code()) != no_answers.end();
  return is_silence ? Verdict::no_answer : Verdict::refused;
}

namespace {

// A peer that cannot be taken off is one until it can.
bool is_to_be_repeated(const QueuedChange& queued, const Status& status) {
  if (status) return false;
  const Verdict verdict = verdict_on(status.error());
  return verdict == Verdict::no_answer ||
         (verdict == Verdict::refused && queued.purpose == Purpose::remove);
}

} // namespace

bool DeviceQueue::cancel(const PublicKey& key) {
  bool was_created_here = false;
  std::erase_if(waiting_, [&](const QueuedChange& queued) {
    if (queued.change.key != key || queued.purpose == Purpose::remove) return false;
    was_created_here = was_created_here || queued.purpose == Purpose::create;
    return true;
  });
  return was_created_here;
}

std::optional<Batch> DeviceQueue::next(TimePoint now) {
  if (!has_work(now)) return std::nullopt;
  Batch batch{.interface = {}, .ifindex = 0, .generation = generation_, .changes = {}};
  while (!waiting_.empty() && batch.changes.size() < most_changes) {
    batch.changes.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  is_busy_ = true;
  return batch;
}

std::vector<DeviceQueue::Answered> DeviceQueue::acknowledge(Acknowledgement&& acknowledgement,
                                                            TimePoint now) {
  std::vector<Answered> answered;
  if (acknowledgement.batch.generation != generation_) return answered;
  is_busy_ = false;
  std::vector<QueuedChange> again;
  for (std::size_t i = 0; i < acknowledgement.batch.changes.size(); ++i) {
    QueuedChange& queued = acknowledgement.batch.changes[i];
    Status& status = acknowledgement.statuses[i];
    if (is_to_be_repeated(queued, status))
      again.push_back(std::move(queued));
    else
      answered.push_back({.queued = std::move(queued), .status = std::move(status)});
  }
  if (!again.empty()) not_before_ = now + pause;
  waiting_.insert(waiting_.begin(), std::make_move_iterator(again.begin()),
                  std::make_move_iterator(again.end()));
  return answered;
}

void DeviceQueue::put_back(Batch&& batch) {
  if (batch.generation != generation_) return;
  is_busy_ = false;
  waiting_.insert(waiting_.begin(), std::make_move_iterator(batch.changes.begin()),
                  std::make_move_iterator(batch.changes.end()));
}

void DeviceQueue::clear() {
  waiting_.clear();
  is_busy_ = false;
  not_before_ = {};
  ++generation_;
}

} // namespace provisiond::peers
