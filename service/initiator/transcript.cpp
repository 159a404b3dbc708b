#include "initiator/transcript.hpp"

#include <sodium.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <utility>

namespace provisiond::initiator {

namespace {

constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_IETF_NPUBBYTES> counter{};

Transcript::Bytes bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

} // namespace

Secret<32> key_agreement(const Secret<32>& private_key, const PublicKey& public_key) {
  Secret<32> shared;
  if (crypto_scalarmult(shared.writable().data(), private_key.bytes().data(),
                        public_key.bytes.data()) != 0) {
    std::fputs("initiator: key agreement gave the zero point\n", stderr);
    std::abort();
  }
  return shared;
}

Transcript::Transcript(const PublicKey& responder)
    : hash_{authenticate::hash(bytes_of("Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"))} {
  chaining_key_ = Secret<32>{hash_};
  mix_hash(bytes_of("WireGuard v1 zx2c4 Jason@zx2c4.com"));
  mix_hash(responder.bytes);
}

void Transcript::mix_ephemeral(const PublicKey& ephemeral) {
  mix_hash(ephemeral.bytes);
  chaining_key_ = authenticate::kdf1(chaining_key_.bytes(), ephemeral.bytes);
}

void Transcript::mix_key(const Secret<32>& shared) {
  std::array<Secret<32>, 2> derived = authenticate::kdf2(chaining_key_.bytes(), shared.bytes());
  chaining_key_ = std::move(derived[0]);
  key_ = std::move(derived[1]);
}

void Transcript::mix_chaining_key(const Secret<32>& shared) {
  chaining_key_ = authenticate::kdf1(chaining_key_.bytes(), shared.bytes());
}

void Transcript::mix_preshared_key(const Secret<32>& preshared_key) {
  std::array<Secret<32>, 3> derived =
      authenticate::kdf3(chaining_key_.bytes(), preshared_key.bytes());
  chaining_key_ = std::move(derived[0]);
  mix_hash(derived[1].bytes());
  key_ = std::move(derived[2]);
}

std::vector<std::uint8_t> Transcript::seal(Bytes contents) {
  std::vector<std::uint8_t> sealed(contents.size() + crypto_aead_chacha20poly1305_IETF_ABYTES);
  crypto_aead_chacha20poly1305_ietf_encrypt(sealed.data(), nullptr, contents.data(),
                                            contents.size(), hash_.data(), hash_.size(), nullptr,
                                            counter.data(), key_.bytes().data());
  mix_hash(sealed);
  return sealed;
}

bool Transcript::open(Bytes sealed, std::span<std::uint8_t> contents) {
  const int status = crypto_aead_chacha20poly1305_ietf_decrypt(
      contents.data(), nullptr, nullptr, sealed.data(), sealed.size(), hash_.data(), hash_.size(),
      counter.data(), key_.bytes().data());
  mix_hash(sealed);
  return status == 0;
}

} // namespace provisiond::initiator
