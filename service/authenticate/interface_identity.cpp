#include "authenticate/interface_identity.hpp"

#include <sodium.h>

#include <string_view>
#include <vector>

namespace provisiond::authenticate {

namespace {

constexpr std::string_view construction = "Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s";
constexpr std::string_view identifier = "WireGuard v1 zx2c4 Jason@zx2c4.com";
constexpr std::string_view mac1_label = "mac1----";
constexpr std::string_view cookie_label = "cookie--";

std::vector<std::uint8_t> to_bytes(std::string_view text) {
  return {text.begin(), text.end()};
}

} // namespace

InterfaceIdentity::InterfaceIdentity(const Secret<32>& private_key, const PublicKey& public_key,
                                     std::size_t shared_secrets)
    : private_key_{private_key.bytes()},
      public_key_{public_key}, mac1_key_{hash(to_bytes(mac1_label), public_key.bytes)},
      cookie_key_{hash(to_bytes(cookie_label), public_key.bytes)}, initial_chaining_key_{hash(
                                                                       to_bytes(construction))},
      initial_hash_{hash(hash(initial_chaining_key_, to_bytes(identifier)), public_key.bytes)},
      shared_secrets_{shared_secrets} {}

Result<std::shared_ptr<const InterfaceIdentity>>
InterfaceIdentity::make(const Secret<32>& private_key, std::size_t shared_secrets) {
  if (sodium_init() < 0) return fail(Error{"initialise libsodium: no source of randomness"});
  if (private_key.is_zero()) return fail(Error{"use private key: it is all zero"});
  PublicKey public_key;
  if (crypto_scalarmult_base(public_key.bytes.data(), private_key.bytes().data()) != 0) {
    return fail(Error{"use private key: it has no public key"});
  }
  return std::shared_ptr<const InterfaceIdentity>{
      new InterfaceIdentity{private_key, public_key, shared_secrets}};
}

} // namespace provisiond::authenticate
