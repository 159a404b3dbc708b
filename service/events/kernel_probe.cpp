#include "events/kernel_probe.hpp"

#include "base/unique_fd.hpp"
#include "events/bpf/admission.h"
#include "events/bpf/unknown_peer.h"
#include "events/bpf/unknown_peer.skel.h"
#include "events/probe_support.hpp"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

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
  if (code == EPERM || code == EACCES) {
    return Error{fmt::format("{}: not permitted; it takes CAP_BPF, CAP_PERFMON and CAP_SYS_ADMIN",
                             operation),
                 code};
  }
  Error error = Error::system(operation, code);
  if (first_warning().empty()) return error;
  return Error{fmt::format("{} ({})", error.message(), first_warning()), code};
}

struct Destroy {
  void operator()(unknown_peer_bpf* skeleton) const { unknown_peer_bpf__destroy(skeleton); }
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

std::uint64_t nanoseconds_per_token(const Rate& rate) {
  if (rate.per_second <= 0) return 0;
  return std::max<std::uint64_t>(1, static_cast<std::uint64_t>(1e9 / rate.per_second));
}

Result<std::uint32_t> own_network_namespace() {
  struct stat status {};
  if (::stat("/proc/self/ns/net", &status) != 0) {
    return fail(Error::system("look at /proc/self/ns/net", errno));
  }
  return static_cast<std::uint32_t>(status.st_ino);
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

} // namespace

struct KernelProbe::Parts {
  std::unique_ptr<unknown_peer_bpf, Destroy> skeleton;
  std::unique_ptr<ring_buffer, Destroy> ring;
  std::uint32_t netns = 0;
  int processors = 0;
  // Of the `read` that is under way.
  const std::function<void(const unknown_peer_event&)>* take = nullptr;
  std::size_t left = 0;

  static int on_event(void* context, void* data, std::size_t size) {
    Parts& parts = *static_cast<Parts*>(context);
    unknown_peer_event event{};
    if (size == sizeof event) {
      std::memcpy(&event, data, sizeof event);
      (*parts.take)(event);
    }
    return --parts.left == 0 ? -ECANCELED : 0;
  }

  [[nodiscard]] Status load(const Limits& limits);
  [[nodiscard]] Status set(const bpf_map* map, const void* key, const void* value,
                           std::string_view operation) const {
    if (bpf_map_update_elem(bpf_map__fd(map), key, value, BPF_ANY) == 0) return {};
    return fail(Error::system(operation, errno));
  }
};

Status KernelProbe::Parts::load(const Limits& limits) {
  first_warning().clear();
  skeleton.reset(unknown_peer_bpf__open());
  if (!skeleton) return fail(explain("open the BPF programs", errno));
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
  const int loaded = unknown_peer_bpf__load(skeleton.get());
  if (loaded != 0) return fail(explain("load the BPF programs", -loaded));
  Status target = check_target(skeleton->progs.packet_validated);
  if (!target) return target;
  for (const IpPrefix& prefix : limits.shared_prefixes) {
    const shared_prefix key = key_of(prefix);
    const std::uint8_t yes = 1;
    Status set_one = set(skeleton->maps.shared_prefixes, &key, &yes, "set a shared prefix");
    if (!set_one) return set_one;
  }
  ring.reset(ring_buffer__new(bpf_map__fd(skeleton->maps.events), on_event, this, nullptr));
  if (!ring) return fail(explain("map the ring buffer", errno));
  const int attached = unknown_peer_bpf__attach(skeleton.get());
  if (attached != 0) return fail(explain("attach to the WireGuard module", -attached));
  return {};
}

KernelProbe::KernelProbe(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
KernelProbe::~KernelProbe() = default;

Result<std::unique_ptr<KernelProbe>> KernelProbe::open(const Limits& limits) {
  if (std::optional<Error> obstacle = probe_obstacle()) return fail(*std::move(obstacle));
  libbpf_set_print(keep_warning);
  std::unique_ptr<Parts> parts = std::make_unique<Parts>();
  const Result<std::uint32_t> netns = own_network_namespace();
  if (!netns) return fail(netns.error());
  parts->netns = *netns;
  parts->processors = libbpf_num_possible_cpus();
  if (parts->processors < 1) return fail(explain("count the processors", -parts->processors));
  const Status loaded = parts->load(limits);
  if (!loaded) return fail(loaded.error());
  return std::unique_ptr<KernelProbe>{new KernelProbe{std::move(parts)}};
}

int KernelProbe::fd() const {
  return ring_buffer__epoll_fd(parts_->ring.get());
}

Status KernelProbe::watch(const Watch& watch) {
  const watched_interface key{.netns = parts_->netns, .ifindex = watch.ifindex};
  const watched_as value{.epoch = watch.epoch, .interface_id = watch.id.value, .padding = 0};
  return parts_->set(parts_->skeleton->maps.watched, &key, &value, "watch an interface");
}

Status KernelProbe::unwatch(std::uint32_t ifindex) {
  const watched_interface key{.netns = parts_->netns, .ifindex = ifindex};
  const int fd = bpf_map__fd(parts_->skeleton->maps.watched);
  if (bpf_map_delete_elem(fd, &key) == 0 || errno == ENOENT) return {};
  return fail(Error::system("end the watch of an interface", errno));
}

namespace {

refused_key refused_key_of(std::uint32_t epoch, const PublicKey& key) {
  refused_key refused{};
  std::copy(key.bytes.begin(), key.bytes.end(), refused.public_key);
  refused.epoch = epoch;
  return refused;
}

} // namespace

Status KernelProbe::refuse(std::uint32_t epoch, const PublicKey& key, TimePoint until) {
  const refused_key refused = refused_key_of(epoch, key);
  const std::uint64_t until_ns = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(until.time_since_epoch()).count());
  return parts_->set(parts_->skeleton->maps.refused, &refused, &until_ns, "refuse a key");
}

void KernelProbe::readmit(std::uint32_t epoch, const PublicKey& key) {
  const refused_key refused = refused_key_of(epoch, key);
  // Not there: nothing to take back.
  static_cast<void>(bpf_map_delete_elem(bpf_map__fd(parts_->skeleton->maps.refused), &refused));
}

Status KernelProbe::read(std::size_t maximum,
                         const std::function<void(const unknown_peer_event&)>& take) {
  parts_->take = &take;
  parts_->left = maximum;
  const int read = ring_buffer__consume(parts_->ring.get());
  parts_->take = nullptr;
  if (read < 0 && read != -ECANCELED) return fail(Error::system("read the ring buffer", -read));
  return {};
}

Result<KernelProbe::Counts> KernelProbe::counts() const {
  std::array<std::uint64_t, PROBE_COUNTERS> sums{};
  std::vector<std::uint64_t> values(static_cast<std::size_t>(parts_->processors));
  const int fd = bpf_map__fd(parts_->skeleton->maps.counters);
  for (std::uint32_t counter = 0; counter < PROBE_COUNTERS; ++counter) {
    if (bpf_map_lookup_elem(fd, &counter, values.data()) != 0) {
      return fail(Error::system("read the probe's counters", errno));
    }
    for (const std::uint64_t value : values)
      sums[counter] += value;
  }
  return Counts{.events = sums[PROBE_EVENTS],
                .ring_full = sums[PROBE_RING_FULL],
                .no_state = sums[PROBE_NO_STATE],
                .refused_key = sums[PROBE_REFUSED_KEY],
                .prefix_budget = sums[PROBE_PREFIX_BUDGET]};
}

} // namespace provisiond::events
