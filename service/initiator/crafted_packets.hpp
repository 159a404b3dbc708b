#pragma once

#include "base/public_key.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "handoff/sighting.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace provisiond::initiator {

using Payload = std::vector<std::uint8_t>;

// More than anybody needs; bounds what one run prepares in memory (150 MB).
inline constexpr std::size_t maximum_packets = 1'000'000;

// How an initiation's timestamp stands to the clock: at it, an hour behind, or ten years ahead.
enum class TimestampKind : std::uint8_t { now, past, future };
Tai64n timestamp_of(TimestampKind kind);

// Initiations that prove what they claim: one per private key, or each of a fresh random key.
std::vector<InitiationBytes> initiations_of(const std::vector<Secret<32>>& private_keys,
                                            const PublicKey& responder, TimestampKind kind);
std::vector<InitiationBytes> initiations_of_random_keys(std::size_t count,
                                                        const PublicKey& responder);
std::vector<InitiationBytes> forged_initiations(std::size_t count, const PublicKey& claimed,
                                                const PublicKey& responder);

// Noise: every second packet has the size and the type of an initiation, the others have any size
// up to 1,400 bytes.
std::vector<Payload> garbage(std::size_t count);
// An initiation, cut off at any length below 148 or followed by up to 1,252 bytes more.
std::vector<Payload> truncated(std::size_t count, const PublicKey& responder);
std::vector<Payload> oversized(std::size_t count, const PublicKey& responder);
// Right in everything but mac1.
std::vector<Payload> with_wrong_mac1(std::size_t count, const PublicKey& responder);

std::vector<Payload> to_payloads(const std::vector<InitiationBytes>& initiations);

// What a packet that came back is, for the log: "response", "cookie_reply", ... or "other".
std::string_view describe(std::span<const std::uint8_t> packet);

} // namespace provisiond::initiator
