#include "base/unique_fd.hpp"
#include "events/bpf/admission.h"
#include "events/bpf/unknown_peer.h"
#include "events/bpf/unknown_peer.skel.h"
#include "events/kernel_probe.hpp"
#include "events/probe_support.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

// What takes the right to load programs; kernel_probe.cpp does with descriptors alone.

namespace provisiond::events {

namespace {

// The first line that libbpf warned with, for the Error; what follows is about its own steps.
std::string& first_warning() {
  static std::string text;
  return text;
}

__attribute__((format(printf, 2, 0))) int keep_warning(libbpf_print_level level, const char* format,
                                                       va_list arguments) {
  if (level != LIBBPF_WARN || !first_warning().empty()) return 0;
  std::array<char, 512> line{};
  const int length = std::vsnprintf(line.data(), line.size(), format, arguments);
  const std::string_view text{line.data()};
  first_warning() = text.substr(0, text.find('\n'));
  return length;
}

Error explain(std::string_view operation, int code) {
  if (code == EPERM || code == EACCES) return probe_not_permitted();
  Error error = Error::system(operation, code);
  if (first_warning().empty()) return error;
  return Error{fmt::format("{} ({})", error.message(), first_warning()), code};
}

struct Destroy {
  void operator()(unknown_peer_bpf* skeleton) const { unknown_peer_bpf__destroy(skeleton); }
};

std::uint64_t nanoseconds_per_token(const Rate& rate) {
  if (rate.per_second <= 0) return 0;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(1e9 / rate.per_second));
}

// Another module may have functions of the same names (AmneziaWG's has), and libbpf takes the first
// that it finds.
Status check_target(const bpf_program* program) {
  bpf_prog_info info{};
  __u32 length = sizeof info;
  if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length) != 0) {
    return fail(Error::system("look at a BPF program", errno));
  }
  const int fd = bpf_btf_get_fd_by_id(info.attach_btf_obj_id);
  if (fd < 0) return fail(Error::system("look at the BTF of a BPF program", errno));
  const UniqueFd owner{fd};
  std::array<char, 64> name{};
  bpf_btf_info btf{};
  btf.name = reinterpret_cast<std::uintptr_t>(name.data());
  btf.name_len = name.size();
  length = sizeof btf;
  if (bpf_obj_get_info_by_fd(fd, &btf, &length) != 0) {
    return fail(Error::system("look at the BTF of a BPF program", errno));
  }
  const std::string_view module{name.data()};
  if (module == "wireguard" || module == "vmlinux") return {};
  return fail(Error{fmt::format("the module {} has functions of the same names as wireguard's and "
                                "was found first; use another source",
                                module)});
}

shared_prefix key_of(const IpPrefix& prefix) {
  shared_prefix key{};
  const bool is_v6 = prefix.address.family == IpAddress::Family::v6;
  mapped_address(key.address, prefix.address.bytes.data(), is_v6 ? 1 : 0);
  key.length = prefix.length + (is_v6 ? 0U : 96U);
  return key;
}

using Skeleton = std::unique_ptr<unknown_peer_bpf, Destroy>;

void configure(const Skeleton& skeleton, const KernelProbe::Limits& limits) {
  skeleton->rodata->prefix_interval_ns = nanoseconds_per_token(limits.per_prefix);
  skeleton->rodata->prefix_allowance_ns =
      nanoseconds_per_token(limits.per_prefix) * (std::max(1U, limits.per_prefix.burst) - 1);
  for (std::size_t i = 0; i < limits.translated_prefixes.size(); ++i) {
    const IpPrefix& prefix = limits.translated_prefixes[i];
    translated_prefix& into = skeleton->rodata->translated_prefixes[i];
    std::copy_n(prefix.address.bytes.begin(), sizeof into.address, into.address);
    into.bytes = prefix.length / 8U;
  }
  bpf_map__set_max_entries(skeleton->maps.events, static_cast<__u32>(limits.buffer_bytes));
  bpf_map__set_max_entries(skeleton->maps.refused, limits.refused_keys);
}

// Of our own: the skeleton closes its descriptors when it goes.
Result<ProbeHandles> handles_of(const unknown_peer_bpf& skeleton) {
  const std::array<int, ProbeHandles::count> numbers{
      bpf_map__fd(skeleton.maps.events),
      bpf_map__fd(skeleton.maps.watched),
      bpf_map__fd(skeleton.maps.refused),
      bpf_map__fd(skeleton.maps.counters),
      bpf_link__fd(skeleton.links.packet_validated),
      bpf_link__fd(skeleton.links.key_looked_up),
      bpf_link__fd(skeleton.links.initiation_consumed)};
  ProbeHandles handles;
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    handles.fds[i].reset(::fcntl(numbers[i], F_DUPFD_CLOEXEC, 3));
    if (!handles.fds[i]) return fail(Error::system("keep the BPF programs", errno));
  }
  return handles;
}

} // namespace

Result<ProbeHandles> load_probe(const KernelProbe::Limits& limits) {
  if (std::optional<Error> obstacle = probe_obstacle()) return fail(*std::move(obstacle));
  libbpf_set_print(keep_warning);
  first_warning().clear();
  const Skeleton skeleton{unknown_peer_bpf__open()};
  if (!skeleton) return fail(explain("open the BPF programs", errno));
  configure(skeleton, limits);
  const int loaded = unknown_peer_bpf__load(skeleton.get());
  if (loaded != 0) return fail(explain("load the BPF programs", -loaded));
  const Status target = check_target(skeleton->progs.packet_validated);
  if (!target) return fail(target.error());
  for (const IpPrefix& prefix : limits.shared_prefixes) {
    const shared_prefix key = key_of(prefix);
    const std::uint8_t yes = 1;
    if (bpf_map_update_elem(bpf_map__fd(skeleton->maps.shared_prefixes), &key, &yes, BPF_ANY) != 0)
      return fail(Error::system("set a shared prefix", errno));
  }
  const int attached = unknown_peer_bpf__attach(skeleton.get());
  if (attached != 0) return fail(explain("attach to the WireGuard module", -attached));
  return handles_of(*skeleton);
}

} // namespace provisiond::events
