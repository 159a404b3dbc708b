// Whatever the bytes, the reader of the configuration neither throws nor crashes; it says what is
// wrong, one line for each fault, or gives settings that keep to their limits.

#include "fuzz/input.hpp"
#include "fuzz/peers.hpp"
#include "fuzz/targets.hpp"
#include "settings/load.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace provisiond::fuzz::fuzz_settings {
namespace {

using settings::Loaded;
using settings::Problem;
using settings::Settings;

bool is_one_line(const std::string& text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20; });
}

void require_sound(const Settings& settings) {
  std::set<std::string> names;
  for (const settings::Interface& interface : settings.interfaces) {
    require(!interface.name.empty() && interface.name.size() <= 15 && is_one_line(interface.name));
    require(!interface.network.empty() && is_one_line(interface.network));
    require(interface.max_peers <= 1U << 20U && names.insert(interface.name).second);
  }
  require(!names.empty());
  require(!settings.database.dsn.empty() && is_one_line(settings.database.dsn.c_str()));
  require(settings.database.sessions > 0 && settings.database.batch_size > 0);
  require(settings.database.reconnect_minimum <= settings.database.reconnect_maximum);
  require(settings.greet.patience < settings.greet.deadline);
  for (const IpPrefix& prefix : settings.admission.shared_prefixes)
    fuzz::require_sound(prefix);
  require(settings.control.socket.starts_with('/'));
}

} // namespace

void run(Bytes bytes) {
  const Loaded loaded = provisiond::settings::parse(text_of(bytes), "fuzz.yaml");
  const std::vector<Problem>* problems = std::get_if<std::vector<Problem>>(&loaded);
  if (problems == nullptr) {
    require_sound(std::get<Settings>(loaded));
    return;
  }
  require(!problems->empty());
  for (const Problem& problem : *problems)
    require(!problem.to_string().empty() && is_one_line(problem.to_string()));
}

} // namespace provisiond::fuzz::fuzz_settings
