#include "bench/answer.hpp"

#include "authenticate/hash.hpp"
#include "authenticate/interface_identity.hpp"
#include "support/initiator.hpp"

#include <sodium.h>

#include <algorithm>
#include <string_view>
#include <utility>

namespace provisiond::bench {

namespace {

using authenticate::Hash;
using Layout = wire::ResponseLayout;
using Key = std::span<const std::uint8_t, 32>;

constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_IETF_NPUBBYTES> counter{};

// All zero for a low-order point, which no gateway sends.
Secret<32> dh(const Secret<32>& private_key, Key public_key) {
  Secret<32> shared;
  const int status =
      crypto_scalarmult(shared.writable().data(), private_key.bytes().data(), public_key.data());
  if (status != 0) shared.wipe();
  return shared;
}

// C and H of the white paper, and the key of the last step.
struct Transcript {
  Secret<32> chaining_key;
  Hash hash{};
  Secret<32> key;

  void mix_hash(std::span<const std::uint8_t> bytes) { hash = authenticate::hash(hash, bytes); }
  void mix_ephemeral(Key ephemeral) {
    mix_hash(ephemeral);
    chaining_key = authenticate::kdf1(chaining_key.bytes(), ephemeral);
  }
  void mix_key(const Secret<32>& shared) {
    std::array<Secret<32>, 2> derived = authenticate::kdf2(chaining_key.bytes(), shared.bytes());
    chaining_key = std::move(derived[0]);
    key = std::move(derived[1]);
  }
  void mix_preshared_key(const Secret<32>& preshared_key) {
    std::array<Secret<32>, 3> derived =
        authenticate::kdf3(chaining_key.bytes(), preshared_key.bytes());
    chaining_key = std::move(derived[0]);
    mix_hash(derived[1].bytes());
    key = std::move(derived[2]);
  }
};

// The first message, from the responder's side; `initiator` becomes the gateway's key.
std::optional<Transcript> consume(const Secret<32>& private_key,
                                  const wire::InitiationView& message, PublicKey& initiator) {
  const Result<std::shared_ptr<const authenticate::InterfaceIdentity>> identity =
      authenticate::InterfaceIdentity::make(private_key);
  if (!identity) return std::nullopt;
  Transcript transcript{.chaining_key = Secret<32>{(*identity)->initial_chaining_key()},
                        .hash = (*identity)->initial_hash(),
                        .key = {}};
  transcript.mix_ephemeral(message.ephemeral());
  transcript.mix_key(dh(private_key, message.ephemeral()));
  const std::span<const std::uint8_t> sealed = message.encrypted_static();
  if (crypto_aead_chacha20poly1305_ietf_decrypt(
          initiator.bytes.data(), nullptr, nullptr, sealed.data(), sealed.size(),
          transcript.hash.data(), transcript.hash.size(), counter.data(),
          transcript.key.bytes().data()) != 0) {
    return std::nullopt;
  }
  transcript.mix_hash(sealed);
  transcript.mix_key(dh(private_key, initiator.bytes));
  transcript.mix_hash(message.encrypted_timestamp());
  return transcript;
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

std::optional<ResponseBytes> answer(const Secret<32>& private_key,
                                    std::span<const std::uint8_t> initiation) {
  const std::optional<wire::InitiationView> message = wire::view_initiation(initiation);
  if (!message) return std::nullopt;
  PublicKey initiator;
  std::optional<Transcript> transcript = consume(private_key, *message, initiator);
  if (!transcript) return std::nullopt;

  const test::KeyPair ephemeral = test::make_key_pair();
  transcript->mix_ephemeral(ephemeral.public_key.bytes);
  const Secret<32> ee = dh(ephemeral.private_key, message->ephemeral());
  transcript->chaining_key = authenticate::kdf1(transcript->chaining_key.bytes(), ee.bytes());
  const Secret<32> se = dh(ephemeral.private_key, initiator.bytes);
  transcript->chaining_key = authenticate::kdf1(transcript->chaining_key.bytes(), se.bytes());
  transcript->mix_preshared_key(Secret<32>{});

  ResponseBytes response{};
  response[Layout::type] = static_cast<std::uint8_t>(wire::MessageType::response);
  wire::store_le32(field<Layout::sender, 4>(response), 1);
  wire::store_le32(field<Layout::receiver, 4>(response), message->sender());
  std::ranges::copy(ephemeral.public_key.bytes,
                    field<Layout::ephemeral, wire::key_size>(response).begin());
  crypto_aead_chacha20poly1305_ietf_encrypt(
      response.data() + Layout::encrypted_nothing, nullptr, nullptr, 0, transcript->hash.data(),
      transcript->hash.size(), nullptr, counter.data(), transcript->key.bytes().data());
  write_mac1(response, initiator);
  return response;
}

} // namespace provisiond::bench
