// Any bytes as the payload of a datagram, and any bytes as a change to a valid initiation, all the
// way through the responder. MACs are written anew, so that mutations get beyond them. A change may
// only prove a key when it leaves what the key agreement covers as it was.

#include "authenticate/mac.hpp"
#include "authenticate/responder.hpp"
#include "fuzz/input.hpp"
#include "fuzz/targets.hpp"
#include "support/initiator.hpp"
#include "wire/messages.hpp"

#include <algorithm>
#include <cstdint>

namespace provisiond::fuzz::fuzz_initiation {

using provisiond::InitiationBytes;
using provisiond::ProvenKey;
using provisiond::Refusal;
using provisiond::authenticate::Claim;
using provisiond::authenticate::InterfaceIdentity;
using provisiond::authenticate::Responder;

namespace {

const InterfaceIdentity& identity() {
  static const std::shared_ptr<const InterfaceIdentity> gateway =
      InterfaceIdentity::make(provisiond::test::make_key_pair(1).private_key).value();
  return *gateway;
}

const InitiationBytes& valid_initiation() {
  static const InitiationBytes initiation = provisiond::test::make_initiation(
      provisiond::test::make_key_pair(2).private_key, identity().public_key());
  return initiation;
}

bool proves(InitiationBytes initiation) {
  static_cast<void>(has_valid_mac1(identity(), initiation));
  provisiond::test::write_macs(initiation, identity().public_key());
  require(has_valid_mac1(identity(), initiation));

  std::variant<Claim, Refusal> claim = Responder::claim(identity(), initiation);
  Claim* claimed = std::get_if<Claim>(&claim);
  return claimed != nullptr && std::holds_alternative<ProvenKey>(
                                   Responder::prove(identity(), initiation, std::move(*claimed)));
}

void try_as_payload(std::span<const std::uint8_t> payload) {
  const std::optional<provisiond::wire::InitiationView> view =
      provisiond::wire::view_initiation(payload);
  if (!view) return;
  InitiationBytes initiation{};
  std::ranges::copy(view->bytes(), initiation.begin());
  static_cast<void>(proves(initiation));
}

void try_as_change(std::span<const std::uint8_t> change) {
  using Layout = provisiond::wire::InitiationLayout;
  InitiationBytes initiation = valid_initiation();
  for (std::size_t i = 0; i < std::min(change.size(), initiation.size()); ++i) {
    initiation[i] ^= change[i];
  }
  const bool is_same =
      std::equal(initiation.begin() + Layout::ephemeral, initiation.begin() + Layout::mac1,
                 valid_initiation().begin() + Layout::ephemeral);
  require(proves(initiation) == is_same);
}

} // namespace

void run(Bytes bytes) {
  try_as_payload(bytes);
  try_as_change(bytes);
}

} // namespace provisiond::fuzz::fuzz_initiation
