#include "authenticate/responder.hpp"

#include "wire/messages.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <optional>

namespace provisiond::authenticate {

namespace {

using Key = std::span<const std::uint8_t, 32>;

// DH(private key, public key); nullopt when the result is all zero, as low-order points make it.
std::optional<Secret<32>> dh(Key private_key, Key public_key) {
  Secret<32> shared;
  if (crypto_scalarmult(shared.writable().data(), private_key.data(), public_key.data()) != 0) {
    return std::nullopt;
  }
  return shared;
}

// AEAD with counter 0: opens `sealed` (contents and tag) into `contents`, with the transcript as
// associated data.
template <std::size_t N>
bool open(const Secret<32>& key, std::span<const std::uint8_t, N + wire::tag_size> sealed,
          const Hash& transcript, std::array<std::uint8_t, N>& contents) {
  constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_IETF_NPUBBYTES> counter{};
  return crypto_aead_chacha20poly1305_ietf_decrypt(
             contents.data(), nullptr, nullptr, sealed.data(), sealed.size(), transcript.data(),
             transcript.size(), counter.data(), key.bytes().data()) == 0;
}

} // namespace

std::variant<Claim, Refusal> Responder::claim(const InterfaceIdentity& identity,
                                              const InitiationBytes& initiation) {
  const wire::InitiationView message{initiation};

  // e
  Secret<32> chaining_key = kdf1(identity.initial_chaining_key(), message.ephemeral());
  Hash transcript = hash(identity.initial_hash(), message.ephemeral());

  // es
  const std::optional<Secret<32>> es = dh(identity.private_key(), message.ephemeral());
  if (!es) return Refusal::undecryptable_static;
  std::array<Secret<32>, 2> derived = kdf2(chaining_key.bytes(), es->bytes());
  chaining_key = std::move(derived[0]);

  // s
  ClaimedKey claimed;
  if (!open(derived[1], message.encrypted_static(), transcript, claimed.key.bytes)) {
    return Refusal::undecryptable_static;
  }
  transcript = hash(transcript, message.encrypted_static());

  if (claimed.key == identity.public_key()) return Refusal::own_key;
  return Claim{claimed, std::move(chaining_key), transcript};
}

bool Responder::recall(const InterfaceIdentity& identity, Claim& claim) {
  claim.ss_ = identity.shared_secrets().with(
      [&](SharedSecrets& secrets) { return secrets.find(claim.claimed_.key); });
  return claim.ss_.has_value();
}

std::variant<ProvenKey, Refusal> Responder::prove(const InterfaceIdentity& identity,
                                                  const InitiationBytes& initiation,
                                                  Claim&& claim) {
  const wire::InitiationView message{initiation};
  Claim taken = std::move(claim);

  // ss
  const bool was_known = taken.ss_.has_value();
  std::optional<Secret<32>> ss = std::move(taken.ss_);
  if (!was_known) ss = dh(identity.private_key(), taken.claimed_.key.bytes);
  if (!ss) return Refusal::forged;
  const std::array<Secret<32>, 2> derived = kdf2(taken.chaining_key_.bytes(), ss->bytes());

  // {t}
  Tai64n timestamp;
  if (!open(derived[1], message.encrypted_timestamp(), taken.hash_, timestamp)) {
    return Refusal::forged;
  }
  if (!was_known)
    identity.shared_secrets().with(
        [&](SharedSecrets& secrets) { secrets.add(taken.claimed_.key, *ss); });
  return ProvenKey{taken.claimed_.key, timestamp};
}

} // namespace provisiond::authenticate
