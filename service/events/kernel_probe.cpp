#include "events/kernel_probe.hpp"

#include "events/bpf/unknown_peer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace provisiond::events {

namespace {

Result<std::uint32_t> own_network_namespace() {
  struct stat status {};
  if (::stat("/proc/self/ns/net", &status) != 0) {
    return fail(Error::system("look at /proc/self/ns/net", errno));
  }
  return static_cast<std::uint32_t>(status.st_ino);
}

struct FreeRing {
  void operator()(ring_buffer* ring) const { ring_buffer__free(ring); }
};

} // namespace

struct KernelProbe::Parts {
  ProbeHandles handles;
  std::unique_ptr<ring_buffer, FreeRing> ring;
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

  [[nodiscard]] static Status set(int map, const void* key, const void* value,
                                  std::string_view operation) {
    if (bpf_map_update_elem(map, key, value, BPF_ANY) == 0) return {};
    return fail(Error::system(operation, errno));
  }
};

KernelProbe::KernelProbe(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}
KernelProbe::~KernelProbe() = default;

Result<std::unique_ptr<KernelProbe>> KernelProbe::adopt(ProbeHandles handles) {
  std::unique_ptr<Parts> parts = std::make_unique<Parts>();
  const Result<std::uint32_t> netns = own_network_namespace();
  if (!netns) return fail(netns.error());
  parts->netns = *netns;
  parts->processors = libbpf_num_possible_cpus();
  if (parts->processors < 1) return fail(Error::system("count the processors", -parts->processors));
  parts->handles = std::move(handles);
  parts->ring.reset(
      ring_buffer__new(parts->handles.events(), Parts::on_event, parts.get(), nullptr));
  if (!parts->ring) return fail(Error::system("map the ring buffer", errno));
  return std::unique_ptr<KernelProbe>{new KernelProbe{std::move(parts)}};
}

int KernelProbe::fd() const {
  return ring_buffer__epoll_fd(parts_->ring.get());
}

Status KernelProbe::watch(const Watch& watch) {
  const watched_interface key{.netns = parts_->netns, .ifindex = watch.ifindex};
  const watched_as value{.epoch = watch.epoch, .interface_id = watch.id.value, .padding = 0};
  return Parts::set(parts_->handles.watched(), &key, &value, "watch an interface");
}

Status KernelProbe::unwatch(std::uint32_t ifindex) {
  const watched_interface key{.netns = parts_->netns, .ifindex = ifindex};
  if (bpf_map_delete_elem(parts_->handles.watched(), &key) == 0 || errno == ENOENT) return {};
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
  return Parts::set(parts_->handles.refused(), &refused, &until_ns, "refuse a key");
}

void KernelProbe::readmit(std::uint32_t epoch, const PublicKey& key) {
  const refused_key refused = refused_key_of(epoch, key);
  // Not there: nothing to take back.
  static_cast<void>(bpf_map_delete_elem(parts_->handles.refused(), &refused));
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
  for (std::uint32_t counter = 0; counter < PROBE_COUNTERS; ++counter) {
    if (bpf_map_lookup_elem(parts_->handles.counters(), &counter, values.data()) != 0) {
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
