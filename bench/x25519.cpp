#include "bench/x25519.hpp"

#include <openssl/evp.h>
#include <sodium.h>

#include <memory>

namespace provisiond::bench {

namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

} // namespace

X25519 x25519_of_libsodium(const Secret<32>& private_key) {
  const std::shared_ptr<const LockedSecret<32>> scalar =
      std::make_shared<const LockedSecret<32>>(private_key.bytes());
  return [scalar](std::span<std::uint8_t, 32> shared, std::span<const std::uint8_t, 32> peer) {
    return crypto_scalarmult(shared.data(), scalar->bytes().data(), peer.data()) == 0;
  };
}

X25519 x25519_of_openssl(const Secret<32>& private_key) {
  const Key scalar{EVP_PKEY_new_raw_private_key(
      EVP_PKEY_X25519, nullptr, private_key.bytes().data(), private_key.bytes().size())};
  const std::shared_ptr<EVP_PKEY_CTX> context{
      EVP_PKEY_CTX_new(scalar.get(), nullptr), // holds the key from here on
      [](EVP_PKEY_CTX* held) { EVP_PKEY_CTX_free(held); }};
  if (!context || EVP_PKEY_derive_init(context.get()) != 1) return {};
  return [context](std::span<std::uint8_t, 32> shared, std::span<const std::uint8_t, 32> peer) {
    const Key other{
        EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, peer.data(), peer.size())};
    std::size_t size = shared.size();
    return other && EVP_PKEY_derive_set_peer(context.get(), other.get()) == 1 &&
           EVP_PKEY_derive(context.get(), shared.data(), &size) == 1 && size == shared.size();
  };
}

} // namespace provisiond::bench
