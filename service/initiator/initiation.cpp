#include "initiator/initiation.hpp"

#include "authenticate/hash.hpp"
#include "wire/bytes.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace provisiond::initiator {

namespace {

using authenticate::Bytes;
using authenticate::Hash;
using Layout = wire::InitiationLayout;

Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "initiator: %s\n", what);
  std::abort();
}

// The handshake so far, and the message that it is written into. Steps as in the white paper.
class Handshake {
 public:
  explicit Handshake(const PublicKey& responder) : responder_{responder}, transcript_{responder} {
    message_[0] = static_cast<std::uint8_t>(wire::MessageType::initiation);
  }

  void sender(std::uint32_t index) { wire::store_le32(field<Layout::sender, 4>(), index); }

  void e(const PublicKey& ephemeral) {
    std::ranges::copy(ephemeral.bytes, field<Layout::ephemeral, wire::key_size>().begin());
    transcript_.mix_ephemeral(ephemeral);
  }

  // es and ss
  void mix_dh(const Secret<32>& private_key) { mix_key(key_agreement(private_key, responder_)); }
  void mix_key(const Secret<32>& shared) { transcript_.mix_key(shared); }

  void s(const PublicKey& initiator) { seal<Layout::encrypted_static>(initiator.bytes); }
  void t(const Tai64n& timestamp) { seal<Layout::encrypted_timestamp>(timestamp); }

  [[nodiscard]] InitiationBytes& message() { return message_; }
  [[nodiscard]] Transcript take_transcript() { return std::move(transcript_); }

 private:
  template <std::size_t Offset, std::size_t Size>
  std::span<std::uint8_t, Size> field() {
    return std::span{message_}.subspan<Offset, Size>();
  }

  template <std::size_t Offset, std::size_t Size>
  void seal(const std::array<std::uint8_t, Size>& contents) {
    std::ranges::copy(transcript_.seal(contents), field<Offset, Size + wire::tag_size>().begin());
  }

  PublicKey responder_;
  Transcript transcript_;
  InitiationBytes message_{};
};

// e, es, s
Handshake begin_handshake(const PublicKey& initiator, const PublicKey& responder,
                          const KeyPair& ephemeral) {
  Handshake handshake{responder};
  handshake.e(ephemeral.public_key);
  handshake.mix_dh(ephemeral.private_key);
  handshake.s(initiator);
  return handshake;
}

Hash labelled_key(std::string_view label, const PublicKey& responder) {
  return authenticate::hash(bytes_of(label), responder.bytes);
}

} // namespace

KeyPair key_pair_of(const Secret<32>& private_key) {
  KeyPair pair{.private_key = private_key.clone(), .public_key = {}};
  const std::span<std::uint8_t, 32> scalar = pair.private_key.writable();
  scalar[0] &= 0xf8U; // clamped, as `wg genkey` writes them
  scalar[31] = static_cast<std::uint8_t>((scalar[31] & 0x7fU) | 0x40U);
  if (crypto_scalarmult_base(pair.public_key.bytes.data(), scalar.data()) != 0) {
    give_up("no public key");
  }
  return pair;
}

KeyPair make_key_pair() {
  Secret<32> private_key;
  randombytes_buf(private_key.writable().data(), private_key.writable().size());
  return key_pair_of(private_key);
}

KeyPair make_key_pair(std::uint64_t seed) {
  std::array<std::uint8_t, 8> bytes{};
  wire::store_be(bytes, seed);
  return key_pair_of(Secret<32>{authenticate::hash(bytes_of("test key pair"), bytes)});
}

bool can_be_agreed_with(const PublicKey& key) {
  Secret<32> shared;
  const KeyPair any = make_key_pair();
  return crypto_scalarmult(shared.writable().data(), any.private_key.bytes().data(),
                           key.bytes.data()) == 0;
}

Initiation initiate(const KeyPair& initiator, const PublicKey& responder,
                    const InitiationOptions& options) {
  KeyPair ephemeral =
      options.ephemeral_seed ? make_key_pair(*options.ephemeral_seed) : make_key_pair();
  Handshake handshake = begin_handshake(initiator.public_key, responder, ephemeral);
  handshake.mix_dh(initiator.private_key);
  handshake.t(options.timestamp);
  handshake.sender(options.sender);
  write_macs(handshake.message(), responder, options.cookie);
  return {.message = handshake.message(),
          .transcript = handshake.take_transcript(),
          .ephemeral = std::move(ephemeral.private_key)};
}

InitiationBytes make_initiation(const Secret<32>& private_key, const PublicKey& responder,
                                const InitiationOptions& options) {
  return initiate(key_pair_of(private_key), responder, options).message;
}

InitiationBytes forge_initiation(const PublicKey& claimed, const PublicKey& responder,
                                 std::uint32_t sender) {
  Handshake handshake = begin_handshake(claimed, responder, make_key_pair());
  const KeyPair somebody_else = make_key_pair();
  handshake.mix_dh(somebody_else.private_key);
  handshake.t(Tai64n{});
  handshake.sender(sender);
  write_macs(handshake.message(), responder);
  return handshake.message();
}

InitiationBytes make_low_order_ephemeral_initiation(const PublicKey& point,
                                                    const PublicKey& claimed,
                                                    const PublicKey& responder) {
  Handshake handshake{responder};
  handshake.e(point);
  handshake.mix_key(Secret<32>{});
  handshake.s(claimed);
  write_macs(handshake.message(), responder);
  return handshake.message();
}

InitiationBytes make_low_order_static_initiation(const PublicKey& point,
                                                 const PublicKey& responder) {
  Handshake handshake = begin_handshake(point, responder, make_key_pair());
  handshake.mix_key(Secret<32>{});
  handshake.t(Tai64n{});
  write_macs(handshake.message(), responder);
  return handshake.message();
}

void write_macs(InitiationBytes& initiation, const PublicKey& responder,
                const std::optional<Cookie>& cookie) {
  const wire::InitiationView view{initiation};
  const std::span<std::uint8_t> out{initiation};
  const authenticate::Mac mac1 =
      authenticate::mac(labelled_key("mac1----", responder), view.mac1_input());
  std::ranges::copy(mac1, out.subspan(Layout::mac1).begin());
  const authenticate::Mac mac2 =
      cookie ? authenticate::mac(*cookie, view.mac2_input()) : authenticate::Mac{};
  std::ranges::copy(mac2, out.subspan(Layout::mac2).begin());
}

std::optional<Cookie> open_cookie_reply(std::span<const std::uint8_t> reply,
                                        const PublicKey& responder, const InitiationBytes& sent) {
  using Reply = wire::CookieReplyLayout;
  if (reply.size() != Reply::size) return std::nullopt;
  const wire::InitiationView view{sent};
  const std::span<const std::uint8_t, Reply::size> bytes = reply.first<Reply::size>();
  const bool is_cookie_reply = wire::load_le32(bytes.subspan<Reply::type, 4>()) ==
                               static_cast<std::uint32_t>(wire::MessageType::cookie_reply);
  const bool is_ours = wire::load_le32(bytes.subspan<Reply::receiver, 4>()) == view.sender();
  if (!is_cookie_reply || !is_ours) return std::nullopt;

  Cookie cookie{};
  const int status = crypto_aead_xchacha20poly1305_ietf_decrypt(
      cookie.data(), nullptr, nullptr, bytes.data() + Reply::sealed_cookie,
      wire::cookie_size + wire::tag_size, view.mac1().data(), view.mac1().size(),
      bytes.data() + Reply::nonce, labelled_key("cookie--", responder).data());
  if (status != 0) return std::nullopt;
  return cookie;
}

} // namespace provisiond::initiator
