#include "initiator/client.hpp"

#include "authenticate/hash.hpp"
#include "wire/messages.hpp"

#include <sodium.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace provisiond::initiator {

namespace {

using authenticate::Hash;
using Layout = wire::ResponseLayout;
using ResponseBytes = std::array<std::uint8_t, Layout::size>;

// Of a transport data message (section 5.4.6).
struct DataLayout {
  static constexpr std::size_t receiver = 4;
  static constexpr std::size_t encrypted = 16;
};

bool is(wire::MessageType type, std::span<const std::uint8_t> packet) {
  return packet.size() >= DataLayout::encrypted + wire::tag_size &&
         wire::load_le32(packet.first<4>()) == static_cast<std::uint32_t>(type);
}

PublicKey ephemeral_of(std::span<const std::uint8_t, wire::key_size> bytes) {
  PublicKey key;
  std::ranges::copy(bytes, key.bytes.begin());
  return key;
}

// Data without contents, the first of its session.
Payload keepalive(const Secret<32>& key, std::span<const std::uint8_t, 4> receiver) {
  constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_IETF_NPUBBYTES> counter{};
  Payload packet(DataLayout::encrypted + wire::tag_size);
  packet[0] = static_cast<std::uint8_t>(wire::MessageType::data);
  std::ranges::copy(receiver, packet.begin() + DataLayout::receiver);
  crypto_aead_chacha20poly1305_ietf_encrypt(packet.data() + DataLayout::encrypted, nullptr, nullptr,
                                            0, nullptr, 0, nullptr, counter.data(),
                                            key.bytes().data());
  return packet;
}

template <std::size_t Offset, std::size_t Size>
std::span<std::uint8_t, Size> field(ResponseBytes& response) {
  return std::span{response}.subspan<Offset, Size>();
}

void write_mac1(ResponseBytes& response, const PublicKey& receiver) {
  constexpr std::string_view label = "mac1----";
  const Hash key = authenticate::hash(
      {reinterpret_cast<const std::uint8_t*>(label.data()), label.size()}, receiver.bytes);
  const authenticate::Mac mac1 = authenticate::mac(key, std::span{response}.first<Layout::mac1>());
  std::ranges::copy(mac1, field<Layout::mac1, wire::mac_size>(response).begin());
}

} // namespace

InitiationBytes Client::initiate() {
  unanswered_ = initiator::initiate(keys_, gateway_,
                                    {.timestamp = timestamp_of(TimestampKind::now),
                                     .sender = ++newest_index_,
                                     .cookie = cookie_});
  return unanswered_->message;
}

void Client::forget() {
  end_session();
  cookie_.reset();
}

void Client::end_session() {
  unanswered_.reset();
  answered_index_ = 0;
  has_session_ = false;
}

std::optional<Payload> Client::receive(std::span<const std::uint8_t> packet) {
  if (is(wire::MessageType::data, packet)) {
    note_data(packet);
  } else if (is(wire::MessageType::cookie_reply, packet) && unanswered_) {
    const std::optional<Cookie> cookie = open_cookie_reply(packet, gateway_, unanswered_->message);
    if (cookie) cookie_ = cookie;
  } else if (is(wire::MessageType::response, packet) && packet.size() == Layout::size) {
    return finish(packet);
  } else if (const std::optional<wire::InitiationView> view = wire::view_initiation(packet); view) {
    return answer(*view);
  }
  return std::nullopt;
}

void Client::note_data(std::span<const std::uint8_t> packet) {
  const std::uint32_t index = wire::load_le32(packet.subspan<DataLayout::receiver, 4>());
  if (answered_index_ != 0 && index == answered_index_) has_session_ = true;
}

// From `e, ee, se, psk, {}` to the keepalive.
std::optional<Payload> Client::finish(std::span<const std::uint8_t> response) {
  if (!unanswered_) return std::nullopt;
  const wire::InitiationView initiation{unanswered_->message};
  if (wire::load_le32(response.subspan<Layout::receiver, 4>()) != initiation.sender())
    return std::nullopt;
  const PublicKey ephemeral = ephemeral_of(response.subspan<Layout::ephemeral, wire::key_size>());
  Transcript& transcript = unanswered_->transcript;
  transcript.mix_ephemeral(ephemeral);
  transcript.mix_chaining_key(key_agreement(unanswered_->ephemeral, ephemeral));
  transcript.mix_chaining_key(key_agreement(keys_.private_key, ephemeral));
  transcript.mix_preshared_key(Secret<32>{});
  const bool is_genuine =
      transcript.open(response.subspan<Layout::encrypted_nothing, wire::tag_size>(), {});
  const Secret<32> sending = std::move(transcript.transport_keys()[0]);
  unanswered_.reset();
  if (!is_genuine) return std::nullopt;
  has_session_ = true;
  return keepalive(sending, response.subspan<Layout::sender, 4>());
}

// The gateway's `e, es, s, ss, {t}`, and what is sent back.
std::optional<Payload> Client::answer(const wire::InitiationView& initiation) {
  const PublicKey theirs = ephemeral_of(initiation.ephemeral());
  PublicKey initiator;
  Transcript transcript{keys_.public_key};
  transcript.mix_ephemeral(theirs);
  transcript.mix_key(key_agreement(keys_.private_key, theirs));
  if (!transcript.open(initiation.encrypted_static(), initiator.bytes)) return std::nullopt;
  if (initiator != gateway_) return std::nullopt;
  transcript.mix_key(key_agreement(keys_.private_key, gateway_));
  Tai64n timestamp{};
  if (!transcript.open(initiation.encrypted_timestamp(), timestamp)) return std::nullopt;

  const KeyPair ephemeral = make_key_pair();
  transcript.mix_ephemeral(ephemeral.public_key);
  transcript.mix_chaining_key(key_agreement(ephemeral.private_key, theirs));
  transcript.mix_chaining_key(key_agreement(ephemeral.private_key, gateway_));
  transcript.mix_preshared_key(Secret<32>{});

  answered_index_ = ++newest_index_;
  ResponseBytes response{};
  response[Layout::type] = static_cast<std::uint8_t>(wire::MessageType::response);
  wire::store_le32(field<Layout::sender, 4>(response), answered_index_);
  wire::store_le32(field<Layout::receiver, 4>(response), initiation.sender());
  std::ranges::copy(ephemeral.public_key.bytes,
                    field<Layout::ephemeral, wire::key_size>(response).begin());
  std::ranges::copy(transcript.seal({}),
                    field<Layout::encrypted_nothing, wire::tag_size>(response).begin());
  write_mac1(response, gateway_);
  return Payload{response.begin(), response.end()};
}

} // namespace provisiond::initiator
