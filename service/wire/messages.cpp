#include "wire/messages.hpp"

#include <algorithm>

namespace provisiond::wire {

std::optional<InitiationView> view_initiation(std::span<const std::uint8_t> payload) {
  if (payload.size() != InitiationLayout::size) return std::nullopt;
  const InitiationView view{payload.first<InitiationLayout::size>()};
  const std::uint32_t type_word = load_le32(view.bytes().subspan<InitiationLayout::type, 4>());
  if (type_word != static_cast<std::uint32_t>(MessageType::initiation)) return std::nullopt;
  return view;
}

CookieReplyBytes build_cookie_reply(const CookieReply& reply) {
  CookieReplyBytes bytes{};
  const std::span<std::uint8_t, CookieReplyLayout::size> out{bytes};
  store_le32(out.subspan<CookieReplyLayout::type, 4>(),
             static_cast<std::uint32_t>(MessageType::cookie_reply));
  store_le32(out.subspan<CookieReplyLayout::receiver, 4>(), reply.receiver);
  std::ranges::copy(reply.nonce, out.subspan<CookieReplyLayout::nonce>().begin());
  std::ranges::copy(reply.sealed_cookie, out.subspan<CookieReplyLayout::sealed_cookie>().begin());
  return bytes;
}

} // namespace provisiond::wire
