#include "kernel/change_batch.hpp"

namespace provisiond::kernel {

bool ChangeBatch::has_room() {
  return slots_.size() < maximum_messages && messages_.room().size() >= maximum_message_bytes;
}

void ChangeBatch::append(const WgTarget& target, const ChangePart& part, std::uint32_t sequence,
                         std::size_t owner) {
  append_change(target, part, sequence, messages_);
  slots_.push_back({.sequence = sequence, .owner = owner});
  ++waiting_;
}

std::optional<ChangeBatch::Answer> ChangeBatch::accept(const NetlinkMessage& message) {
  if (message.type != NLMSG_ERROR || slots_.empty()) return std::nullopt;
  const std::uint32_t index = message.sequence - slots_.front().sequence;
  if (index >= slots_.size() || slots_[index].answered) return std::nullopt;
  slots_[index].answered = true;
  --waiting_;
  return Answer{.owner = slots_[index].owner, .verdict = read_verdict(message)};
}

std::vector<std::size_t> ChangeBatch::finish() {
  std::vector<std::size_t> unanswered;
  for (const Slot& slot : slots_) {
    if (!slot.answered) unanswered.push_back(slot.owner);
  }
  messages_.clear();
  slots_.clear();
  waiting_ = 0;
  return unanswered;
}

} // namespace provisiond::kernel
