#include "watch/watcher.hpp"

#include <pthread.h>

#include <system_error>
#include <utility>

namespace provisiond::watch {

Result<std::unique_ptr<Watcher>> Watcher::start(const Wiring& wiring) {
  std::unique_ptr<Watcher> watcher{new Watcher{wiring}};
  try {
    watcher->thread_ = std::thread{[w = watcher.get()] { w->run(); }};
  } catch (const std::system_error& cause) {
    return fail(Error::system("start the watcher's thread", cause.code().value()));
  }
  return watcher;
}

Watcher::~Watcher() {
  wiring_.orders.close();
  if (thread_.joinable()) thread_.join();
}

void Watcher::run() {
  pthread_setname_np(pthread_self(), "watcher");
  while (true) {
    const std::vector<Order> orders = wiring_.orders.take(1);
    if (orders.empty()) return; // closed
    const Order& order = orders.front();
    const TimePoint begin = Clock::now();
    Result<kernel::PeerList> peers = read(order);
    if (!peers) handles_.erase(order.interface);
    static_cast<void>(wiring_.passes.push({.interface = order.interface,
                                           .ifindex = order.ifindex,
                                           .begin = begin,
                                           .end = Clock::now(),
                                           .peers = std::move(peers)}));
  }
}

Result<kernel::PeerList> Watcher::read(const Order& order) {
  Handle& handle = handles_[order.interface];
  if (!handle.device || handle.ifindex != order.ifindex) {
    Result<std::unique_ptr<kernel::WgDevice>> opened =
        wiring_.open_device(order.name, order.backend);
    if (!opened) return fail(opened.error());
    handle = {.ifindex = order.ifindex, .device = std::move(*opened)};
  }
  return handle.device->peers();
}

} // namespace provisiond::watch
