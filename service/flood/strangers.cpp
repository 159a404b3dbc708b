#include "flood/strangers.hpp"

#include "wire/messages.hpp"

#include <algorithm>
#include <cstdint>

namespace provisiond::flood {

namespace {

// An answer to a packet of ours names its index: a response behind its own, a cookie reply first.
std::optional<std::uint32_t> index_in(std::span<const std::uint8_t> packet) {
  if (packet.size() == wire::ResponseLayout::size &&
      packet[0] == static_cast<std::uint8_t>(wire::MessageType::response))
    return wire::load_le32(packet.subspan<wire::ResponseLayout::receiver, 4>());
  if (packet.size() == wire::CookieReplyLayout::size &&
      packet[0] == static_cast<std::uint8_t>(wire::MessageType::cookie_reply))
    return wire::load_le32(packet.subspan<wire::CookieReplyLayout::receiver, 4>());
  return std::nullopt;
}

} // namespace

Result<Strangers> Strangers::open(const Order& order, Supply supply) {
  Result<initiator::PacketSender> socket = initiator::PacketSender::open(
      {.to = order.to, .from_port = order.from_port, .source_prefix = {}});
  if (!socket) return fail(socket.error());
  Strangers strangers{order, std::move(supply), std::move(*socket)};
  if (!order.source_prefix) return strangers;
  // The raw ones come from the socket's port, so that it hears what comes back.
  const Result<std::uint16_t> port = strangers.socket_.port();
  if (!port) return fail(port.error());
  Result<initiator::PacketSender> raw =
      initiator::PacketSender::open({.to = order.to,
                                     .from_port = *port,
                                     .source_prefix = order.source_prefix,
                                     .source_spread = order.sources});
  if (!raw) return fail(raw.error().while_doing("made-up sources need CAP_NET_RAW"));
  strangers.raw_ = std::move(*raw);
  return strangers;
}

Status Strangers::send_bytes(std::uint32_t source, std::span<const std::uint8_t> bytes) {
  return raw_ ? raw_->send_as(source, bytes) : socket_.send(bytes);
}

Status Strangers::send(Kind kind, TimePoint now, Tally& tally) {
  Prepared& packet = supply_.at(supply_.next(kind));
  packet.source = next_source_;
  packet.sent_at = now;
  packet.is_answered = false;
  next_source_ = (next_source_ + 1) % order_.sources;
  Status sent = send_bytes(packet.source, packet.bytes);
  if (sent) tally.note_sent(kind, packet.bytes.size());
  return sent;
}

Status Strangers::send_with_cookie(TimePoint now, Tally& tally) {
  const Waiting waiting = waiting_.front();
  waiting_.pop_front();
  Prepared& packet = supply_.at(waiting.place);
  InitiationBytes initiation{};
  std::ranges::copy(packet.bytes, initiation.begin());
  initiator::write_macs(initiation, order_.gateway, waiting.cookie);
  packet.sent_at = now;
  packet.is_answered = false;
  Status sent = send_bytes(packet.source, initiation);
  if (!sent) return sent;
  tally.note_sent(waiting.place.kind, initiation.size());
  ++tally.kinds[index_of(waiting.place.kind)].with_cookie;
  return {};
}

Status Strangers::receive(TimePoint now, Tally& tally) {
  while (true) {
    const Result<std::optional<initiator::Received>> received = socket_.take_received();
    if (!received) return fail(received.error());
    if (!*received) return {};
    take(std::span{(*received)->bytes}.first((*received)->size), now, tally);
  }
}

void Strangers::take(std::span<const std::uint8_t> packet, TimePoint now, Tally& tally) {
  tally.bytes_received += packet.size();
  const std::optional<std::uint32_t> index = index_in(packet);
  const Supply::Place* place = index ? supply_.sent_with_index(*index) : nullptr;
  if (place == nullptr || supply_.at(*place).is_answered) {
    ++tally.unexpected;
    return;
  }
  Prepared& sent = supply_.at(*place);
  sent.is_answered = true;
  const bool is_cookie = packet.size() == wire::CookieReplyLayout::size;
  tally.note_answer(place->kind, is_cookie ? Answer::cookie : Answer::response, now - sent.sent_at);
  if (is_cookie && order_.cookies == Cookies::answer) keep_cookie(*place, packet, tally);
}

void Strangers::keep_cookie(Supply::Place place, std::span<const std::uint8_t> reply,
                            Tally& tally) {
  InitiationBytes initiation{};
  std::ranges::copy(supply_.at(place).bytes, initiation.begin());
  const std::optional<initiator::Cookie> cookie =
      initiator::open_cookie_reply(reply, order_.gateway, initiation);
  if (!cookie) return;
  if (waiting_.size() >= most_waiting) {
    ++tally.cookies_unused;
    return;
  }
  waiting_.push_back({.place = place, .cookie = *cookie});
}

} // namespace provisiond::flood
