// What it costs to authenticate one initiation, without network and database: of a key that proves
// itself for the first time, of one that was proven before, and of one that claims and holds
// nothing; and X25519 of two libraries. CPU time of one thread, the cases in turn, the fastest of
// many samples of each.

#include "authenticate/responder.hpp"
#include "bench/cpu_time.hpp"
#include "bench/report.hpp"
#include "bench/x25519.hpp"
#include "support/initiator.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace {

using namespace provisiond;
using authenticate::Claim;
using authenticate::InterfaceIdentity;
using authenticate::Responder;

constexpr std::size_t devices = 512;
constexpr int samples = 60;

struct Case {
  std::string name;
  std::function<bool()> once; // a sample; false when something did not work
  std::size_t per_sample = 0; // how many handshakes or key agreements it is
  Duration fastest = Duration::max();
};

bool prove(const InterfaceIdentity& identity, const InitiationBytes& initiation) {
  std::variant<Claim, Refusal> claim = Responder::claim(identity, initiation);
  if (!std::holds_alternative<Claim>(claim)) return false;
  static_cast<void>(Responder::recall(identity, std::get<Claim>(claim)));
  return std::holds_alternative<ProvenKey>(
      Responder::prove(identity, initiation, std::get<Claim>(std::move(claim))));
}

bool prove_all(const InterfaceIdentity& identity, const std::vector<InitiationBytes>& initiations) {
  return std::ranges::all_of(
      initiations, [&](const InitiationBytes& initiation) { return prove(identity, initiation); });
}

bool claim_all(const InterfaceIdentity& identity, const std::vector<InitiationBytes>& initiations) {
  return std::ranges::all_of(initiations, [&](const InitiationBytes& initiation) {
    return std::holds_alternative<Claim>(Responder::claim(identity, initiation));
  });
}

bool agree_with_all(const bench::X25519& x25519, const std::vector<PublicKey>& keys) {
  return std::ranges::all_of(keys, [&](const PublicKey& key) {
    std::array<std::uint8_t, 32> shared{};
    return x25519(shared, key.bytes);
  });
}

// In turn, so that what the machine does beside falls on all alike.
bool measure(std::vector<Case>& cases) {
  for (int sample = 0; sample < samples; ++sample) {
    for (Case& one : cases) {
      const Duration before = bench::thread_cpu();
      if (!one.once()) {
        std::fputs(fmt::format("proof_cost: {} failed\n", one.name).c_str(), stderr);
        return false;
      }
      one.fastest = std::min(one.fastest, bench::thread_cpu() - before);
    }
  }
  return true;
}

double cost_of(const Case& one) {
  const std::chrono::duration<double, std::micro> taken{one.fastest};
  return taken.count() / static_cast<double>(one.per_sample);
}

} // namespace

int main() {
  if (sodium_init() < 0) return 1;
  const test::KeyPair gateway = test::make_key_pair(1);
  const std::shared_ptr<const InterfaceIdentity> forgetful =
      InterfaceIdentity::make(gateway.private_key).value();
  const std::shared_ptr<const InterfaceIdentity> remembering =
      InterfaceIdentity::make(gateway.private_key, 8 * devices).value();
  std::vector<PublicKey> keys;
  std::vector<InitiationBytes> initiations;
  for (std::size_t i = 0; i < devices; ++i) {
    const test::KeyPair device = test::make_key_pair(100 + i);
    keys.push_back(device.public_key);
    initiations.push_back(test::make_initiation(device.private_key, gateway.public_key));
    if (!prove(*remembering, initiations.back())) return 1;
    remembering->shared_secrets().with(
        [&](authenticate::SharedSecrets& secrets) { secrets.keep(device.public_key); });
  }
  const bench::X25519 sodium = bench::x25519_of_libsodium(gateway.private_key);
  const bench::X25519 openssl = bench::x25519_of_openssl(gateway.private_key);
  std::vector<Case> cases{
      {"proof.first", [&] { return prove_all(*forgetful, initiations); }, devices},
      {"proof.returning", [&] { return prove_all(*remembering, initiations); }, devices},
      {"claim", [&] { return claim_all(*forgetful, initiations); }, devices},
      {"x25519.libsodium", [&] { return agree_with_all(sodium, keys); }, devices},
      {"x25519.openssl", [&] { return agree_with_all(openssl, keys); }, devices},
  };
  if (!measure(cases)) return 1;
  const double first = cost_of(cases[0]);
  bench::print("proof-cost", {.metric = "proof.first", .value = first, .unit = "us"});
  for (const std::size_t i : {1U, 2U})
    bench::print(
        "proof-cost",
        {.metric = cases[i].name, .value = cost_of(cases[i]), .unit = "us", .baseline = first});
  const double libsodium = cost_of(cases[3]);
  bench::print("proof-cost", {.metric = cases[3].name, .value = libsodium, .unit = "us"});
  bench::print(
      "proof-cost",
      {.metric = cases[4].name, .value = cost_of(cases[4]), .unit = "us", .baseline = libsodium});
  return 0;
}
