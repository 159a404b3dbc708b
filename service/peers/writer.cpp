#include "peers/writer.hpp"

#include <fmt/format.h>
#include <pthread.h>

#include <algorithm>
#include <iterator>
#include <system_error>
#include <utility>

namespace provisiond::peers {

// The changes travel as an array of their own; moved there and back, so that nothing is copied.
std::vector<Status> apply(kernel::WgDevice& device, Batch& batch) {
  std::vector<kernel::PeerChange> changes;
  changes.reserve(batch.changes.size());
  for (QueuedChange& queued : batch.changes)
    changes.push_back(std::move(queued.change));
  std::vector<Status> statuses = device.apply(changes);
  for (std::size_t i = 0; i < changes.size(); ++i)
    batch.changes[i].change = std::move(changes[i]);
  return statuses;
}

Result<std::unique_ptr<Writer>> Writer::start(const std::string& interface, kernel::Backend backend,
                                              const Wiring& wiring) {
  std::unique_ptr<Writer> writer{new Writer{interface, backend, wiring}};
  try {
    writer->thread_ = std::thread{[w = writer.get(), name = fmt::format("w-{:.13}", interface)] {
      pthread_setname_np(pthread_self(), name.c_str());
      w->run();
    }};
  } catch (const std::system_error& cause) {
    return fail(Error::system("start a device's thread", cause.code().value()));
  }
  return writer;
}

Writer::~Writer() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void Writer::run() {
  while (true) {
    std::vector<Batch> batches = batches_.take(1);
    if (batches.empty()) return; // stopped
    Batch& batch = batches.front();
    const TimePoint begin = Clock::now();
    const Result<kernel::WgDevice*> device = handle_.get(batch.ifindex);
    std::vector<Status> statuses;
    if (device)
      statuses = apply(**device, batch);
    else
      statuses.assign(batch.changes.size(), fail(device.error()));
    static_cast<void>(acknowledgements_.push({.batch = std::move(batch),
                                              .statuses = std::move(statuses),
                                              .took = Clock::now() - begin}));
  }
}

} // namespace provisiond::peers
