#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "handoff/peer_id.hpp"
#include "kernel/wg_device.hpp"
#include "peers/peer.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace provisiond::peers {

// What a change is for, which decides what its acknowledgement means.
enum class Purpose : std::uint8_t { create, update, remove };

struct QueuedChange {
  kernel::PeerChange change;
  Purpose purpose = Purpose::update;
};

// loop -> writer: changes for the device of one interface, to be applied in their order.
struct Batch {
  InterfaceId interface;
  std::uint32_t ifindex = 0;    // another one is another device under the same name
  std::uint64_t generation = 0; // of the queue; an older one is of a device that is gone
  std::vector<QueuedChange> changes;
};

// writer -> loop: what the device said of a batch, one status per change, and how long it took.
struct Acknowledgement {
  Batch batch;
  std::vector<Status> statuses;
  Duration took{};
};

// What an error of a device means.
enum class Verdict : std::uint8_t {
  gone,      // there is no such interface (any more): ENODEV, ENOENT
  no_answer, // nothing is known of the change; the same one is sent again
  refused,   // the device does not take it
};
[[nodiscard]] Verdict verdict_on(const Error& error);

// The changes that wait for one device, in their order. One batch is under way at a time, so
// changes gather while the device is busy, and a device that hangs delays nothing but itself. What
// the device has not answered is sent again after a pause: each change may be applied twice.
//
// Loop thread. Holds preshared keys until the device has acknowledged them; they are wiped then.
class DeviceQueue {
 public:
  // In one batch: the device works them off in a millisecond or two, during which it locks out
  // whatever else configures it (rtnl), and the loop takes their answers in one turn.
  static constexpr std::size_t most_changes = 128;
  static constexpr Duration pause = std::chrono::seconds{1};

  void push(kernel::PeerChange change, Purpose purpose) {
    waiting_.push_back({.change = std::move(change), .purpose = purpose});
  }
  // Takes back what waits for this key. True when its creation was among it: the device has never
  // heard of the key then.
  bool cancel(const PublicKey& key);

  // The next batch; nullopt when nothing waits or the device is busy. The caller says which device.
  [[nodiscard]] std::optional<Batch> next(TimePoint now);
  // A batch has come back: what the device has not answered is put back at the front; gives the
  // rest, with the status of each. Nothing of an older generation.
  struct Answered {
    QueuedChange queued;
    Status status;
  };
  [[nodiscard]] std::vector<Answered> acknowledge(Acknowledgement&& acknowledgement, TimePoint now);
  // No thread could take the batch.
  void put_back(Batch&& batch);

  // The device is another one, or none. What is under way is of no interest any more.
  void clear();

  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  [[nodiscard]] bool is_busy() const { return is_busy_; }
  // Changes wait and could be sent.
  [[nodiscard]] bool has_work(TimePoint now) const {
    return !is_busy_ && !waiting_.empty() && now >= not_before_;
  }

 private:
  std::deque<QueuedChange> waiting_;
  bool is_busy_ = false;
  TimePoint not_before_{};
  std::uint64_t generation_ = 0;
};

} // namespace provisiond::peers
