#include "kernel/confinement.hpp"

#include "kernel/syscall_filter.hpp"

#include <sys/capability.h>
#include <sys/prctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

namespace provisiond::kernel {

namespace {

struct FreeCapabilities {
  void operator()(cap_t capabilities) const { cap_free(capabilities); }
};
using Capabilities = std::unique_ptr<std::remove_pointer_t<cap_t>, FreeCapabilities>;

bool has_flag(const Capabilities& capabilities, int capability, cap_flag_t flag) {
  cap_flag_value_t value = CAP_CLEAR;
  return cap_get_flag(capabilities.get(), capability, flag, &value) == 0 && value == CAP_SET;
}

// What the running kernel knows, newer ones than this program does included.
std::vector<int> known_capabilities() {
  std::vector<int> all(static_cast<std::size_t>(cap_max_bits()));
  for (std::size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<int>(i);
  return all;
}

Status drop_bounding_set(const std::vector<int>& kept) {
  for (const int capability : known_capabilities()) {
    const bool is_kept = std::ranges::find(kept, capability) != kept.end();
    if (!is_kept && cap_drop_bound(capability) != 0)
      return fail(Error::system("drop a capability from the bounding set", errno));
  }
  return {};
}

// Without any that could be inherited there is none in the ambient set either.
Status keep_capabilities(const std::vector<int>& kept) {
  const Capabilities before{cap_get_proc()};
  const Capabilities after{cap_init()};
  if (!before || !after) return fail(Error::system("read the capabilities", errno));
  if (has_flag(before, CAP_SETPCAP, CAP_EFFECTIVE)) {
    Status bounded = drop_bounding_set(kept);
    if (!bounded) return bounded;
  }
  for (const int capability : kept) {
    if (!has_flag(before, capability, CAP_PERMITTED)) continue;
    for (const cap_flag_t flag : {CAP_PERMITTED, CAP_EFFECTIVE}) {
      if (cap_set_flag(after.get(), flag, 1, &capability, CAP_SET) != 0)
        return fail(Error::system("keep a capability", errno));
    }
  }
  if (cap_set_proc(after.get()) != 0) return fail(Error::system("drop capabilities", errno));
  return {};
}

} // namespace

Status confine(const Confinement& confinement) {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return fail(Error::system("forgo new privileges", errno));
  Status dropped = keep_capabilities(confinement.capabilities);
  if (!dropped) return dropped;
  return filter_system_calls(confinement.calls);
}

bool has_capability(int capability) {
  const Capabilities now{cap_get_proc()};
  return now && has_flag(now, capability, CAP_PERMITTED);
}

std::string capabilities_text() {
  std::string text;
  for (const int capability : known_capabilities()) {
    if (!has_capability(capability)) continue;
    char* const name = cap_to_name(capability);
    if (name == nullptr) continue;
    if (!text.empty()) text += ',';
    text += name;
    cap_free(name);
  }
  return text;
}

} // namespace provisiond::kernel
