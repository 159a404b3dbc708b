#include "daemon/identity.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

namespace provisiond::daemon {
namespace {

// Chosen at random, and never to be changed: every gateway would have another name.
constexpr sd_id128_t application{{0x5d, 0x1e, 0x0b, 0xc4, 0x7a, 0x93, 0x4f, 0x62, 0xa8, 0x3c, 0x90,
                                  0xe7, 0x16, 0xfb, 0x2d, 0x88}};

// Sixteen bits as consonant, vowel, consonant, vowel, consonant: a proquint.
std::string readable(unsigned bits) {
  constexpr std::string_view consonants = "bdfghjklmnprstvz";
  constexpr std::string_view vowels = "aiou";
  return {consonants[bits >> 12U & 15U], vowels[bits >> 10U & 3U], consonants[bits >> 6U & 15U],
          vowels[bits >> 4U & 3U], consonants[bits & 15U]};
}

std::string host_name() {
  std::array<char, 256> name{}; // HOST_NAME_MAX is 64
  const bool has_name = ::gethostname(name.data(), name.size() - 1) == 0 && name.front() != '\0';
  return has_name ? name.data() : "gateway";
}

std::string hex(const MachineNumber& number) {
  return fmt::format("{:02x}", fmt::join(number, ""));
}

std::string random_uuid() {
  MachineNumber bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::string text = hex(bytes);
  for (const std::size_t dash : {20, 16, 12, 8})
    text.insert(dash, "-");
  return text;
}

} // namespace

std::optional<MachineNumber> machine_number() {
  sd_id128_t id{};
  if (sd_id128_get_machine_app_specific(application, &id) < 0) return std::nullopt;
  MachineNumber number;
  std::copy_n(id.bytes, number.size(), number.begin());
  return number;
}

std::string readable_name(const MachineNumber& machine) {
  std::string name = "gateway";
  for (std::size_t i = 0; i < 6; i += 2)
    name += "-" + readable(static_cast<unsigned>(machine[i] << 8U | machine[i + 1]));
  return name;
}

lookup::Gateway make_gateway(const settings::Settings& settings,
                             const std::optional<MachineNumber>& machine) {
  lookup::Gateway gateway{.name = settings.gateway,
                          .version = PROVISIOND_VERSION,
                          .run = random_uuid(),
                          .machine = machine ? hex(*machine) : "",
                          .host = host_name()};
  if (gateway.name.empty()) gateway.name = machine ? readable_name(*machine) : gateway.host;
  return gateway;
}

} // namespace provisiond::daemon
