#include "authenticate/cookie.hpp"

#include "wire/bytes.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <utility>

namespace provisiond::authenticate {

namespace {

Secret<32> random_secret() {
  Secret<32> secret;
  randombytes_buf(secret.writable().data(), secret.writable().size());
  return secret;
}

} // namespace

CookieChecker::CookieChecker(TimePoint now)
    : secret_{random_secret()}, former_{random_secret()}, made_at_{now} {}

CookieVerdict CookieChecker::check(const Sighting& sighting, TimePoint now) {
  renew(now);
  const wire::InitiationView view{sighting.initiation};
  for (const Secret<32>* const secret : {&secret_, &former_}) {
    const Mac expected = mac(cookie_for(sighting, *secret), view.mac2_input());
    if (sodium_memcmp(expected.data(), view.mac2().data(), expected.size()) == 0)
      return CookieVerdict::valid_mac2;
  }
  return CookieVerdict::missing_or_invalid;
}

wire::CookieReplyBytes CookieChecker::reply(const InterfaceIdentity& identity,
                                            const Sighting& sighting, TimePoint now) {
  renew(now);
  const wire::InitiationView view{sighting.initiation};
  const Mac cookie = cookie_for(sighting, secret_);
  std::array<std::uint8_t, wire::cookie_nonce_size> nonce;
  randombytes_buf(nonce.data(), nonce.size());
  std::array<std::uint8_t, wire::cookie_size + wire::tag_size> sealed;
  // Section 5.4.7. The message's mac1 is the associated data: a reply can only be made by who saw
  // the message, so nobody else can push a wrong cookie at the client.
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed.data(), nullptr, cookie.data(), cookie.size(),
                                             view.mac1().data(), view.mac1().size(), nullptr,
                                             nonce.data(), identity.cookie_key().data());
  return wire::build_cookie_reply(
      {.receiver = view.sender(), .nonce = nonce, .sealed_cookie = sealed});
}

// A period of one lifetime after the other, whether there was anything to check in it or not.
void CookieChecker::renew(TimePoint now) {
  const std::int64_t periods = (now - made_at_) / secret_lifetime;
  if (periods < 1) return;
  former_ = periods == 1 ? std::move(secret_) : random_secret();
  secret_ = random_secret();
  made_at_ += periods * secret_lifetime;
}

Mac CookieChecker::cookie_for(const Sighting& sighting, const Secret<32>& secret) {
  // interface, port, address: fixed sizes first, so that no two sources write the same bytes
  std::array<std::uint8_t, 2 + 2 + 16> input{};
  const std::span<std::uint8_t> out{input};
  wire::store_be(out.subspan(0, 2), sighting.interface.value);
  wire::store_be(out.subspan(2, 2), sighting.source.port);
  const Bytes address = sighting.source.address.significant();
  std::ranges::copy(address, out.subspan(4).begin());
  return mac(secret.bytes(), Bytes{input}.first(4 + address.size()));
}

} // namespace provisiond::authenticate
