#include "initiator/crafted_packets.hpp"

#include "base/clock.hpp"
#include "initiator/initiation.hpp"
#include "wire/messages.hpp"
#include "wire/tai64n.hpp"

#include <sodium.h>

namespace provisiond::initiator {

namespace {

constexpr std::uint32_t largest_payload = 1'400; // stays under any usual MTU

Payload random_bytes(std::size_t size) {
  Payload payload(size);
  if (size > 0) randombytes_buf(payload.data(), payload.size());
  return payload;
}

InitiationBytes initiation_of(const Secret<32>& private_key, const PublicKey& responder,
                              TimestampKind kind) {
  return make_initiation(private_key, responder,
                         {.timestamp = timestamp_of(kind),
                          .sender = randombytes_random(),
                          .cookie = {},
                          .ephemeral_seed = {}});
}

} // namespace

Tai64n timestamp_of(TimestampKind kind) {
  const WallTime now = WallClock::now();
  switch (kind) {
  case TimestampKind::past:
    return wire::to_tai64n(now - std::chrono::hours{1});
  case TimestampKind::future:
    return wire::to_tai64n(now + std::chrono::hours{24 * 365 * 10});
  case TimestampKind::now:
    break;
  }
  return wire::to_tai64n(now);
}

std::vector<InitiationBytes> initiations_of(const std::vector<Secret<32>>& private_keys,
                                            const PublicKey& responder, TimestampKind kind) {
  std::vector<InitiationBytes> initiations;
  initiations.reserve(private_keys.size());
  for (const Secret<32>& private_key : private_keys) {
    initiations.push_back(initiation_of(private_key, responder, kind));
  }
  return initiations;
}

std::vector<InitiationBytes> initiations_of_random_keys(std::size_t count,
                                                        const PublicKey& responder) {
  std::vector<InitiationBytes> initiations;
  initiations.reserve(count);
  while (initiations.size() < count) {
    initiations.push_back(
        initiation_of(make_key_pair().private_key, responder, TimestampKind::now));
  }
  return initiations;
}

std::vector<InitiationBytes> forged_initiations(std::size_t count, const PublicKey& claimed,
                                                const PublicKey& responder) {
  std::vector<InitiationBytes> initiations;
  initiations.reserve(count);
  while (initiations.size() < count) {
    initiations.push_back(forge_initiation(claimed, responder, randombytes_random()));
  }
  return initiations;
}

std::vector<Payload> garbage(std::size_t count) {
  std::vector<Payload> payloads;
  while (payloads.size() < count) {
    const bool looks_like_one = payloads.size() % 2 == 0;
    Payload payload = random_bytes(looks_like_one ? wire::InitiationLayout::size
                                                  : randombytes_uniform(largest_payload + 1));
    if (looks_like_one) {
      wire::store_le32(std::span{payload}.first<4>(),
                       static_cast<std::uint32_t>(wire::MessageType::initiation));
    }
    payloads.push_back(std::move(payload));
  }
  return payloads;
}

std::vector<Payload> truncated(std::size_t count, const PublicKey& responder) {
  std::vector<Payload> payloads = to_payloads(initiations_of_random_keys(count, responder));
  for (Payload& payload : payloads) {
    payload.resize(randombytes_uniform(wire::InitiationLayout::size));
  }
  return payloads;
}

std::vector<Payload> oversized(std::size_t count, const PublicKey& responder) {
  std::vector<Payload> payloads = to_payloads(initiations_of_random_keys(count, responder));
  for (Payload& payload : payloads) {
    const Payload tail =
        random_bytes(1 + randombytes_uniform(largest_payload - wire::InitiationLayout::size));
    payload.insert(payload.end(), tail.begin(), tail.end());
  }
  return payloads;
}

std::vector<Payload> with_wrong_mac1(std::size_t count, const PublicKey& responder) {
  std::vector<Payload> payloads = to_payloads(initiations_of_random_keys(count, responder));
  for (Payload& payload : payloads) {
    payload[wire::InitiationLayout::mac1] ^= 1U;
  }
  return payloads;
}

std::vector<Payload> to_payloads(const std::vector<InitiationBytes>& initiations) {
  std::vector<Payload> payloads;
  payloads.reserve(initiations.size());
  for (const InitiationBytes& initiation : initiations) {
    payloads.emplace_back(initiation.begin(), initiation.end());
  }
  return payloads;
}

std::string_view describe(std::span<const std::uint8_t> packet) {
  const std::uint8_t type = packet.size() >= 4 ? packet[0] : std::uint8_t{0};
  switch (static_cast<wire::MessageType>(type)) {
  case wire::MessageType::initiation:
    return "initiation";
  case wire::MessageType::response:
    return "response";
  case wire::MessageType::cookie_reply:
    return "cookie_reply";
  case wire::MessageType::data:
    return "data";
  }
  return "other";
}

} // namespace provisiond::initiator
