#include "daemon/confinement.hpp"

#include "base/log.hpp"
#include "kernel/confinement.hpp"

#include <linux/capability.h>
#include <unistd.h>

#include <algorithm>
#include <string>

namespace provisiond::daemon {

namespace {

constexpr std::uint16_t first_free_port = 1024;

bool may_serve_userspace_devices(const settings::Settings& settings) {
  return std::ranges::any_of(settings.interfaces, [](const settings::Interface& interface) {
    return interface.backend != settings::Backend::netlink;
  });
}

} // namespace

std::vector<int> needed_capabilities(const settings::Settings& settings, uid_t user) {
  std::vector<int> needed{CAP_NET_ADMIN, CAP_NET_RAW};
  if (settings.metrics.enabled && settings.metrics.listen.port < first_free_port)
    needed.push_back(CAP_NET_BIND_SERVICE);
  if (user != 0 && may_serve_userspace_devices(settings)) needed.push_back(CAP_DAC_OVERRIDE);
  return needed;
}

Status confine(const settings::Settings& settings, const events::ProbeLoader& loader) {
  const uid_t user = ::geteuid();
  const Status confined = kernel::confine(
      {.capabilities = needed_capabilities(settings, user),
       .calls = loader.is_there() ? kernel::Calls::service_with_probe : kernel::Calls::service});
  if (!confined) return fail(confined.error().while_doing("confine the process"));
  log::info("confined",
            {{"uid", std::to_string(user)}, {"capabilities", kernel::capabilities_text()}});
  return {};
}

} // namespace provisiond::daemon
