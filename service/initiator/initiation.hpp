#pragma once

#include "base/public_key.hpp"
#include "base/secret.hpp"
#include "handoff/sighting.hpp"
#include "initiator/transcript.hpp"
#include "wire/messages.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>

namespace provisiond::initiator {

// The other side of authenticate::Responder: makes the initiations that a client would send (white
// paper, section 5.4.2). For the load generator, tests and benchmarks only: it has no sessions, no
// timers and no care for side channels. Functions end the program when libsodium refuses a key:
// `can_be_agreed_with` asks first, for a key that was typed.

struct KeyPair {
  Secret<32> private_key;
  PublicKey public_key;
};

KeyPair make_key_pair();
// The same seed gives the same pair.
KeyPair make_key_pair(std::uint64_t seed);
KeyPair key_pair_of(const Secret<32>& private_key);
// False for the few keys with which every agreement gives zero.
bool can_be_agreed_with(const PublicKey& key);

using Cookie = std::array<std::uint8_t, wire::cookie_size>;

struct InitiationOptions {
  Tai64n timestamp{};
  std::uint32_t sender = 0;
  std::optional<Cookie> cookie{};                // none: mac2 stays zero
  std::optional<std::uint64_t> ephemeral_seed{}; // none: random
};

// What the initiator keeps until the response comes.
struct Initiation {
  InitiationBytes message{};
  Transcript transcript;
  Secret<32> ephemeral;
};

Initiation initiate(const KeyPair& initiator, const PublicKey& responder,
                    const InitiationOptions& options);
InitiationBytes make_initiation(const Secret<32>& private_key, const PublicKey& responder,
                                const InitiationOptions& options = {});

// What a claimer can make without the private key: mac1 and `e, es, s` are right, `ss, {t}` is
// noise.
InitiationBytes forge_initiation(const PublicKey& claimed, const PublicKey& responder,
                                 std::uint32_t sender = 0);

// Low-order points make the shared secret zero, so that everybody knows it. With one as ephemeral
// key, anyone can encrypt a static key under it; as static key, anyone can prove that they hold it.
// A responder must refuse both.
InitiationBytes make_low_order_ephemeral_initiation(const PublicKey& point,
                                                    const PublicKey& claimed,
                                                    const PublicKey& responder);
InitiationBytes make_low_order_static_initiation(const PublicKey& point,
                                                 const PublicKey& responder);

// Writes mac1 and mac2 anew after the bytes before them were changed.
void write_macs(InitiationBytes& initiation, const PublicKey& responder,
                const std::optional<Cookie>& cookie = std::nullopt);

// The cookie in the reply to `sent`; nullopt when the reply is not one to it.
std::optional<Cookie> open_cookie_reply(std::span<const std::uint8_t> reply,
                                        const PublicKey& responder, const InitiationBytes& sent);

} // namespace provisiond::initiator
