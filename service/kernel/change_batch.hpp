#pragma once

#include "kernel/change_part.hpp"
#include "kernel/netlink_message.hpp"
#include "kernel/wg_messages.hpp"
#include "kernel/wiped_buffer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace provisiond::kernel {

// The messages of one send to the kernel and the acknowledgements that are still to come, matched
// by sequence number. Holds at most `maximum_messages` and `maximum_bytes`. No I/O.
class ChangeBatch {
 public:
  static constexpr std::size_t maximum_messages = 256;
  static constexpr std::size_t maximum_bytes = std::size_t{128} << 10;

  // What the kernel says about one message; `owner` is what `append` was told.
  struct Answer {
    std::size_t owner = 0;
    NetlinkVerdict verdict;
  };

  ChangeBatch() : messages_{maximum_bytes} {}

  // False when there may be no room for one more message.
  [[nodiscard]] bool has_room();
  // Sequence numbers of one batch follow each other without a gap. Only when it has room.
  void append(const WgTarget& target, const ChangePart& part, std::uint32_t sequence,
              std::size_t owner);
  [[nodiscard]] std::span<const std::uint8_t> messages() const { return messages_.filled(); }
  // The keys go; what waits for an acknowledgement stays.
  void wipe_messages() { messages_.clear(); }

  // None for a message that is no acknowledgement, or not of this batch, or the second of its kind.
  std::optional<Answer> accept(const NetlinkMessage& message);
  [[nodiscard]] std::size_t waiting() const { return waiting_; }
  // Owners whose acknowledgement has not come; the batch is empty afterwards.
  std::vector<std::size_t> finish();

 private:
  struct Slot {
    std::uint32_t sequence = 0;
    std::size_t owner = 0;
    bool answered = false;
  };

  WipedBuffer messages_;
  std::vector<Slot> slots_;
  std::size_t waiting_ = 0;
};

} // namespace provisiond::kernel
